"""Rows that are appended as they come: what a killed run has done already. A row is there whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..files import written_in


class Journal:
    """A file of JSON lines, of which the last may have been cut off by a kill or a full disk: it is taken away."""

    def __init__(self, path: Path) -> None:
        """Raises `NotWritten`."""
        self._path = path
        with written_in(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)
            self.count = self._mend()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def rows(self) -> Iterator[dict[str, Any]]:
        with self._path.open("rb") as lines:
            for line in lines:
                yield json.loads(line)

    def append(self, row: dict[str, Any]) -> None:
        """Raises `NotWritten`."""
        self.append_line(json.dumps(row, ensure_ascii=False))
        self.count += 1

    def append_line(self, line: str) -> None:
        """Unbuffered, so that whatever is told as done is written. Raises `NotWritten`."""
        # Half a surrogate pair, as of a name that is no text, comes out as JSON escapes it.
        left = memoryview((line + "\n").encode("utf-8", "backslashreplace"))
        with written_in(self._path.parent):
            while left:
                left = left[self._file.write(left) or 0 :]

    @property
    def size_bytes(self) -> int:
        return self._file.tell()

    def cut(self, size_bytes: int) -> None:
        """Forgets what stands behind."""
        with written_in(self._path.parent):
            self._file.truncate(size_bytes)
            self._file.seek(0, os.SEEK_END)

    def _mend(self) -> int:
        """Takes the first row that is not whole away, and those behind it; returns how many there are before."""
        good_bytes = count = 0
        with self._path.open("rb") as lines:
            for line in lines:
                if not _is_whole(line):
                    break
                good_bytes += len(line)
                count += 1
        self._file.truncate(good_bytes)
        self._file.seek(0, os.SEEK_END)
        return count


def _is_whole(line: bytes) -> bool:
    if not line.endswith(b"\n"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
