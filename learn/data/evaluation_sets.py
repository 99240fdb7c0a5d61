"""Evaluation sets, and the files that would tell their answers: n-grams of words (arXiv:2401.14196, 2.4).

A file with ten words in a row as a text of a set has them is left out. A text of three to nine words leaves a file out
that has it whole.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import SetUnreadable

_WORDS = 10
_FEWEST_WORDS = 3
_MAX_LINE_BYTES = 16_000_000
_BLOCK_BYTES = 1 << 20
# HumanEval and its infilling sets, MBPP, DS-1000. The first are the parts of one text, in its order.
_PARTS = ("prompt", "canonical_solution", "suffix")
_TEXTS = ("text", "code", "reference_code", "code_context", "test", "test_list", "challenge_test_list")


class Leaks:
    """What the sets say, as runs of words."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._runs: dict[int, set[str]] = {}
        for text in texts:
            words = text.split()
            size = min(_WORDS, len(words))
            if size >= _FEWEST_WORDS:
                self._runs.setdefault(size, set()).update(_runs(words, size))

    def are_in(self, text: str) -> bool:
        words = text.split()
        return any(run in known for size, known in self._runs.items() for run in _runs(words, size))


def _runs(words: list[str], size: int) -> Iterator[str]:
    return (" ".join(words[start : start + size]) for start in range(len(words) - size + 1))


def read_set(path: Path) -> Iterator[str]:
    """The texts of the tasks in a .jsonl or .jsonl.gz file: programs with their answers, descriptions, tests. Raises
    `SetUnreadable`."""
    for number, task in enumerate(_tasks(path), 1):
        texts = list(_texts(task))
        if not texts:
            raise SetUnreadable(f"{path}:{number} has no text of a task.", _remedy())
        yield from texts


def set_digest(path: Path) -> str:
    """The name and the digest of a set, which tell whether it is another one. Raises `SetUnreadable`."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    except OSError as error:
        raise SetUnreadable(f"{path} cannot be read: {error.strerror}.", _remedy()) from error
    return f"{path.name} {digest.hexdigest()[:16]}"


def _texts(task: dict[str, Any]) -> Iterator[str]:
    whole = "".join(task[key] for key in _PARTS if isinstance(task.get(key), str))
    if whole.strip():
        yield whole
    for key in _TEXTS:
        values = task.get(key)
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, str):
                yield value


def _tasks(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            while line := lines.readline(_MAX_LINE_BYTES):
                if line.strip():
                    yield _task(line, path)
    except (OSError, EOFError, zlib.error) as error:
        raise SetUnreadable(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.", _remedy()
        ) from error


def _task(line: bytes, path: Path) -> dict[str, Any]:
    try:
        task = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SetUnreadable(f"{path} has a line that is no JSON ({error}).", _remedy()) from error
    if not isinstance(task, dict):
        raise SetUnreadable(f"{path} has a line that is no JSON object.", _remedy())
    return task


def _remedy() -> str:
    return "Give --against a .jsonl or .jsonl.gz file as HumanEval has, one task a line."
