"""Other code than the repository's, which an adapter must not make worse: samples of its middles, drawn by a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ... import fim
from ..cleaning import is_skipped, is_test
from ..data.sample import Sample
from ..middles import ContextWindow, Middle, draw_middle
from ..recipe import Mix
from ..repository import Prompter, Repository
from .held_out import hash_of

_CHARACTERS = range(400, 100_000)
_MOST_MIDDLE_CHARACTERS = 400
_TRIES = 10
_WINDOW = ContextWindow(prefix_characters=2000, suffix_characters=400)
_LINES = Mix(
    middle_line=1.0, middle_lines=0.0, middle_statement=0.0, middle_span=0.0, middle_reaching=0.0, closers_share=0.0
)
_BLOCKS = replace(_LINES, middle_line=0.6, middle_lines=0.2, middle_statement=0.2)


def draw_elsewhere(repository: Repository, prompter: Prompter, number: int, seed: int) -> list[Sample]:
    """At most so many samples of a repository's code, as many of each file, the same each time. Tests and vendored
    code are passed over."""
    paths = [path for path in repository.paths() if fim.language_of_path(path) is not None]
    files = sorted(
        (path for path in paths if not is_test(path) and not is_skipped(path)), key=lambda path: hash_of((path,))
    )
    draw = np.random.default_rng(seed)
    samples: list[Sample] = []
    used: set[tuple[str, int]] = set()
    misses = 0
    # Each file once, then each once more, as often as that brings any.
    while len(samples) < number and files and misses < len(files):
        for path in files:
            sample = _draw(repository, prompter, path, draw)
            if sample is None or (path, sample.start) in used:
                misses += 1
                continue
            misses = 0
            used.add((path, sample.start))
            samples.append(sample)
            if len(samples) == number:
                break
    return samples


def _draw(repository: Repository, prompter: Prompter, path: str, draw: np.random.Generator) -> Sample | None:
    """One sample of a file; None where it is no text, or of another size than code has."""
    try:
        text = fim.with_newlines(repository.read(path).decode("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    if len(text) not in _CHARACTERS:
        return None
    mix = _LINES if prompter.format.extent == "line" else _BLOCKS
    for middle in _middles(text, draw, mix):
        content = text[middle.start : middle.end]
        if content.strip() and len(content) <= _MOST_MIDDLE_CHARACTERS:
            return sample_at(repository, prompter, path, text, middle)
    return None


def _middles(text: str, draw: np.random.Generator, mix: Mix) -> Iterator[Middle]:
    for _ in range(_TRIES):
        yield draw_middle(text, draw, mix, _WINDOW)


def sample_at(repository: Repository, prompter: Prompter, path: str, text: str, middle: Middle) -> Sample:
    """The sample of a middle, with the prompt that the server makes where it is missing."""
    lines = fim.split_lines(text[: middle.start] + text[middle.end :])
    language = fim.language_of_path(path)
    document = fim.Document(path=path, language=language, lines=tuple(lines))
    before = text[: middle.start]
    cursor = fim.Cursor(line=before.count("\n"), column=len(before) - before.rfind("\n") - 1)
    prompt = prompter.prompt(repository, document, cursor)
    return Sample(
        repository=repository.name,
        path=path,
        language=language.name if language else "",
        kind=middle.kind,
        start=middle.start,
        end=middle.end,
        pieces=prompt.pieces,
        completion=prompt.must_start + text[middle.start : middle.end],
    )
