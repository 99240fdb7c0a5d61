"""Rows of training data: several samples side by side, each blind to the others.

What step n of a run sees follows from (seed, n) alone, so that a resumed run goes on as if it had never stopped, with
any number of worker processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader, Dataset

from ..fim import language_of_path
from ..model.tokenizer import Tokenizer
from .corpus import read_files
from .corpus_file import CorpusFile
from .recipe import Mix, Recipe
from .samples import Sample, Target, make_sample

# No more of one file than this is drawn for its length; the rest makes it no likelier.
_COUNTED_CHARACTERS = 40_000
# A package of ten times the size is drawn five times as often.
_PACKAGE_SIZE_EXPONENT = 0.7
_SMALLEST_GAP_TOKENS = 64
_STEPS_AHEAD = 4
_ENDLESS_STEPS = 1 << 40
_PYTHON = "python"
PADDING_DOCUMENT = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The rows of one step, each array (rows, row tokens), int64.

    `inputs[r, t]` is to foretell `labels[r, t]`, a target of kind `kinds[r, t]`. `documents` numbers the samples of a
    row, padding is -1; `positions` count from 0 in each sample.
    """

    inputs: np.ndarray
    labels: np.ndarray
    kinds: np.ndarray
    documents: np.ndarray
    positions: np.ndarray


class Texts:
    """The training texts, to be drawn by language and size, with the large packages held back."""

    def __init__(self, files: list[CorpusFile], mix: Mix) -> None:
        self._texts = [file.text for file in files]
        sizes = np.array([min(len(text), _COUNTED_CHARACTERS) for text in self._texts], dtype=np.float64)
        of_package: Counter[str] = Counter()
        for file, size in zip(files, sizes, strict=True):
            of_package[file.package] += size
        factors = [of_package[file.package] ** (_PACKAGE_SIZE_EXPONENT - 1) for file in files]
        self._running_sums = np.cumsum(_with_shares(sizes * factors, files, mix))

    def draw(self, draw: np.random.Generator) -> str:
        place = np.searchsorted(self._running_sums, draw.random() * self._running_sums[-1], side="right")
        return self._texts[min(int(place), len(self._texts) - 1)]


class Steps(Dataset):
    """The batch of each step. Texts and tokenizer are read where they are first needed: in a worker process."""

    def __init__(self, corpus: Path, vocabulary: Path, recipe: Recipe) -> None:
        self._corpus = corpus
        self._vocabulary = vocabulary
        self._recipe = recipe
        self._read: tuple[Texts, Tokenizer] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """A worker process is given the paths, and reads for itself."""
        return self.__dict__ | {"_read": None}

    def __getitem__(self, step: int) -> Batch:
        if self._read is None:
            self._read = Texts(read_files(self._corpus), self._recipe.mix), Tokenizer(self._vocabulary)
        texts, tokenizer = self._read
        recipe = self._recipe
        draw = np.random.default_rng((recipe.seed, step))
        rows = [fill_row(texts, draw, tokenizer, recipe) for _ in range(recipe.rows_per_step)]
        return pack(rows, recipe.shape.row_tokens)


def batches(steps: Steps, first_step: int, workers: int) -> Iterator[Batch]:
    """The batches from `first_step` on, made ahead by `workers` processes, or here where there are none."""
    return iter(
        DataLoader(
            steps,
            batch_size=None,
            sampler=range(first_step, _ENDLESS_STEPS),
            num_workers=workers,
            prefetch_factor=_STEPS_AHEAD if workers else None,
            # A forked child would inherit the threads' locks, and on a GPU a context that it can't use.
            multiprocessing_context="spawn" if workers else None,
            collate_fn=_as_it_is,
        )
    )


def fill_row(texts: Texts, draw: np.random.Generator, tokenizer: Tokenizer, recipe: Recipe) -> list[Sample]:
    """Samples that fill a row but for a small gap."""
    samples: list[Sample] = []
    room = recipe.shape.row_tokens
    while room >= _SMALLEST_GAP_TOKENS:
        size = _size_tokens(room, draw, recipe)
        # A row holds a sample without its last id, which only is a target.
        sample = make_sample(texts.draw(draw), size + 1, draw, tokenizer.encode_text, recipe.mix)
        samples.append(sample)
        room -= len(sample.ids) - 1
    return samples


def pack(rows: list[list[Sample]], row_tokens: int) -> Batch:
    """Lays the samples of each row side by side and pads what is left."""
    shape = (len(rows), row_tokens)
    inputs, labels, positions = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    kinds = np.full(shape, Target.NONE, dtype=np.int64)
    documents = np.full(shape, PADDING_DOCUMENT, dtype=np.int64)
    for row, samples in enumerate(rows):
        start = 0
        for number, sample in enumerate(samples):
            end = start + len(sample.ids) - 1
            inputs[row, start:end] = sample.ids[:-1]
            labels[row, start:end] = sample.ids[1:]
            kinds[row, start:end] = sample.targets[1:]
            documents[row, start:end] = number
            positions[row, start:end] = np.arange(end - start)
            start = end
    return Batch(inputs=inputs, labels=labels, kinds=kinds, documents=documents, positions=positions)


def _with_shares(weights: np.ndarray, files: list[CorpusFile], mix: Mix) -> np.ndarray:
    """The weights of the files, so that those of each language have its share together."""
    languages = [_language(file.path) for file in files]
    totals: Counter[str] = Counter()
    for language, weight in zip(languages, weights, strict=True):
        totals[language] += weight
    others = {name: 1 + (name in mix.common_languages) for name in totals if name != _PYTHON}
    share_each = (1 - mix.python_share * (_PYTHON in totals)) / max(1, sum(others.values()))
    shares = {name: times * share_each for name, times in others.items()}
    shares[_PYTHON] = mix.python_share if others else 1.0
    factors = {name: shares[name] / total for name, total in totals.items()}
    return weights * [factors[language] for language in languages]


def _language(path: str) -> str:
    language = language_of_path(path)
    return language.name if language else _PYTHON


def _size_tokens(room: int, draw: np.random.Generator, recipe: Recipe) -> int:
    """The size of the next sample: all that is left, or a size between the shortest and that, short ones likelier."""
    shortest = recipe.mix.shortest_sample_tokens
    if room <= shortest or draw.random() < recipe.mix.full_row_share:
        return room
    size = int(np.exp(draw.uniform(np.log(shortest), np.log(room))))
    return room if room - size < _SMALLEST_GAP_TOKENS else size


def _as_it_is(batch: Any) -> Any:
    return batch
