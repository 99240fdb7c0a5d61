"""What the model and the copies say at every token of a true text: the rest of a line, and then the line's end."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy
import torch
from transformers import AutoModelForCausalLM

from ...fim import Special, partial_word, recognise
from ...model.decoding.copying.copy_model import CopyModel
from ...model.decoding.copying.copy_texts import CopyTexts
from ...model.decoding.copying.inputs import NextToken
from ...model.decoding.copying.mixture import Mixer
from ...model.decoding.copying.native import ORDERS, SOURCES, Candidates
from ...model.decoding.vocabulary_index import VocabularyIndex
from ...model.tokenizer import Tokenizer
from ..middles import InfillingTask
from ..recipe import EVALUATION_PREFIX_TOKENS
from .stored_logits import StoredLogits
from .weights import untrained

_CHARACTERS_PER_TOKEN = 8
_MOST_TOKENS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for each candidate: its token, the counts of `native.Candidates`, shape (candidates, 14, 3), the
    bytes that agree, shape (candidates, 3), and the distance."""

    tokens: numpy.ndarray
    counts: numpy.ndarray
    longest: numpy.ndarray
    distance: numpy.ndarray

    @classmethod
    def of(cls, found: Candidates) -> Evidence:
        """A copy, which outlives the next search."""
        count = found.count
        counts = numpy.ctypeslib.as_array(found.counts)[: count * ORDERS * SOURCES]
        longest = numpy.ctypeslib.as_array(found.longest)[: count * SOURCES]
        return cls(
            tokens=numpy.ctypeslib.as_array(found.token)[:count].copy(),
            counts=counts.reshape(count, ORDERS, SOURCES).copy(),
            longest=longest.reshape(count, SOURCES).copy(),
            distance=numpy.ctypeslib.as_array(found.distance)[:count].copy(),
        )

    def candidates(self) -> Candidates:
        """As the C code has them."""
        found = Candidates(count=len(self.tokens))
        for field, values in (("token", self.tokens), ("counts", self.counts), ("longest", self.longest)):
            ctypes.memmove(getattr(found, field), numpy.ascontiguousarray(values).ctypes.data, values.nbytes)
        ctypes.memmove(found.distance, self.distance.ctypes.data, self.distance.nbytes)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One token of the truth, and what is known before it but the logits; see `NextToken`."""

    evidence: Evidence
    allowed: numpy.ndarray | None
    line: bytes
    must_size: int
    tokens: int
    truth: int

    def next(self, logits: numpy.ndarray) -> NextToken:
        """As the mixture is asked, with the model's logits, shape (vocabulary,)."""
        return NextToken(
            logits=logits, allowed=self.allowed, line=self.line, must_size=self.must_size, tokens=self.tokens
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """The steps of one place, and the model's logits before each. `size_bytes`: of the rest of the line and its end."""

    steps: tuple[Step, ...]
    logits: StoredLogits
    size_bytes: int

    def with_logits(self) -> Iterator[tuple[Step, numpy.ndarray]]:
        """Each step with the model's logits, shape (vocabulary,)."""
        return zip(self.steps, self.logits.read(), strict=True)


class Reader:
    """Reads examples with one model folder. `logits`: an open file for the model's logits."""

    def __init__(self, folder: Path, logits: IO[bytes]) -> None:
        self.tokenizer = Tokenizer(folder)
        self.vocabulary = VocabularyIndex.of(self.tokenizer)
        self.mixer = Mixer(untrained(), self.tokenizer, self.vocabulary)
        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self._file = logits
        self._format = recognise(self.tokenizer.has_control_token).with_begin(self.tokenizer.begin_token)

    def examples(self, tasks: Sequence[InfillingTask], others: Sequence[tuple[str, ...]]) -> Iterator[Example]:
        """What is said of each task whose rest of a line is not too long, and whose prompt is not empty. `others`: the
        texts that each may copy from."""
        for task, texts in zip(tasks, others, strict=True):
            found = self._example(task, texts)
            if found is not None:
                yield found

    def _example(self, task: InfillingTask, others: tuple[str, ...]) -> Example | None:
        text, middle = task.file.text, task.middle
        before = text[: middle.start]
        line = before[before.rfind("\n") + 1 :]
        must_start = partial_word(line)
        ids = self.tokenizer.encode_text(must_start + text[middle.start : middle.end].rstrip())
        if not ids or len(ids) > _MOST_TOKENS:
            return None
        prompt = self._prompt(before[: len(before) - len(must_start)])
        if not prompt:
            return None  # at the head of a file, where a format without control tokens gives a model nothing to go by
        logits = self._logits(prompt, ids)
        must = must_start.encode()
        copies = CopyModel(
            CopyTexts(before=before, after=text[middle.end :], others=others),
            self.mixer.index,
            self.mixer.first_tokens,
            must=must,
            newline=self.mixer.newline,
        )
        known = line[: len(line) - len(must_start)].encode()
        steps: list[Step] = []
        written = b""
        for number, id in enumerate([*ids, self.mixer.newline]):
            rest = must[len(written) :]
            step = Step(
                evidence=Evidence.of(copies.find(written)),
                allowed=self._allowed(rest),
                line=known + written + rest,
                must_size=len(rest),
                tokens=number,
                truth=id,
            )
            steps.append(step)
            written += self.tokenizer.bytes_of(id)
        return Example(
            steps=tuple(steps),
            logits=StoredLogits.write(logits, self._file),
            size_bytes=len(written) - len(must),
        )

    def _allowed(self, must: bytes) -> numpy.ndarray | None:
        if not must:
            return None
        return self.vocabulary.ids([*self.vocabulary.prefixes_of(must), self.vocabulary.starting_with(must)])

    def _prompt(self, prefix: str) -> list[int]:
        window = prefix[-EVALUATION_PREFIX_TOKENS * _CHARACTERS_PER_TOKEN :]
        shown = self.tokenizer.encode_text(window)[-EVALUATION_PREFIX_TOKENS:]
        prompt: list[int] = []
        for piece in self._format.pieces:
            if isinstance(piece, Special):
                prompt.append(self.tokenizer.control_id(piece.token))
            elif piece.name == "prefix":
                prompt += shown
        return prompt

    @torch.no_grad()
    def _logits(self, prompt: list[int], ids: list[int]) -> numpy.ndarray:
        """The model's logits before each token of the truth, and behind the last one. `prompt` is not empty."""
        found = self._model(input_ids=torch.tensor([[*prompt, *ids]]), logits_to_keep=len(ids) + 1)
        return found.logits[0, :, : self.tokenizer.size].float().numpy()
