"""A model's logits in a file: those of a few thousand texts are more than memory holds, and everything that is made of
them needs all of them again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import IO

import numpy


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLogits:
    """Logits of shape `shape`, (tokens, vocabulary), float32, at `start` in an open file."""

    file: IO[bytes]
    start: int
    shape: tuple[int, ...]

    @classmethod
    def write(cls, logits: numpy.ndarray, file: IO[bytes]) -> StoredLogits:
        """Appends them to `file`."""
        start = file.seek(0, os.SEEK_END)
        file.write(logits.tobytes())
        return cls(file=file, start=start, shape=logits.shape)

    def read(self) -> numpy.ndarray:
        tokens, vocabulary = self.shape
        self.file.seek(self.start)
        found = self.file.read(tokens * vocabulary * numpy.dtype(numpy.float32).itemsize)
        return numpy.frombuffer(found, dtype=numpy.float32).reshape(self.shape)
