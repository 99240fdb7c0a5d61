"""A file of answers, one JSON line each, by which a second run goes on where the first one was stopped."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from types import TracebackType

from ...errors import AnswersUnreadable
from .answering import Answer, Answerer
from .task import SetTask

_REMEDY = "Name another file, or remove that one."
_KEY_BYTES = 16
# How `put` begins a line, with any key; and one such beginning, which fills up a line that was cut within it.
_BEGIN = re.compile(rb'\{"key": "[0-9a-f]{32}", "model": "')
_SOME_BEGIN = b'{"key": "' + b"0" * (2 * _KEY_BYTES) + b'", "model": "'


class Answers:
    """What was answered before, and where what is answered now is kept. Use it as a context manager."""

    def __init__(self, path: Path | None) -> None:
        """`path`: None keeps nothing. Raises `AnswersUnreadable` for a file that has anything else."""
        self._known = {} if path is None else _read(path)
        self._file = None
        if path is not None:
            try:
                self._file = path.open("a", encoding="utf-8")
            except OSError as error:
                raise AnswersUnreadable(f"{path} cannot be written: {error.strerror}.", _REMEDY) from error

    def __enter__(self) -> Answers:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def get(self, task: SetTask, answerer: Answerer) -> Answer | None:
        """What this model answered to this very task, asked in this very way."""
        return self._known.get(key_of(task, answerer))

    def put(self, task: SetTask, answerer: Answerer, answer: Answer) -> None:
        if self._file is None:
            return
        row = {
            "key": key_of(task, answerer),
            "model": answerer.name,
            "mode": answerer.mode,
            "task": task.id,
            "text": answer.text,
            "is_shown": answer.is_shown,
            "is_cut": answer.is_cut,
        }
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()


def key_of(task: SetTask, answerer: Answerer) -> str:
    """Of all that an answer depends on."""
    asked = [answerer.name, answerer.mode, answerer.identity, task.benchmark, task.id, task.prefix, task.suffix]
    return hashlib.blake2b(json.dumps([*asked, task.stops]).encode(), digest_size=_KEY_BYTES).hexdigest()


def _read(path: Path) -> dict[str, Answer]:
    """What a file has. A last line of ours that was cut short is taken off, since lines follow it."""
    try:
        with path.open("r+b") as file:
            known: dict[str, Answer] = {}
            whole = 0
            for number, line in enumerate(file, 1):
                where = f"{path}, line {number}"
                if not line.endswith(b"\n"):
                    if not known and not _begins_as_ours(line):
                        raise _foreign(where)
                    file.truncate(whole)
                    break
                whole += len(line)
                key, answer = _answer(line, where)
                known[key] = answer
            return known
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise AnswersUnreadable(f"{path} cannot be read: {error.strerror}.", _REMEDY) from error


def _answer(line: bytes, where: str) -> tuple[str, Answer]:
    try:
        row = json.loads(line)
        key, text = row["key"], row["text"]
        if not isinstance(key, str) or not isinstance(text, str):
            raise TypeError
        return key, Answer(text=text, is_shown=row["is_shown"], is_cut=row["is_cut"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _foreign(where) from error


def _begins_as_ours(line: bytes) -> bool:
    """Whether a line that was cut short, wherever, may be the beginning of one that `put` wrote."""
    return _BEGIN.match(line + _SOME_BEGIN[len(line) :]) is not None


def _foreign(where: str) -> AnswersUnreadable:
    return AnswersUnreadable(f"{where} is no answer as `--answers` writes them.", _REMEDY)
