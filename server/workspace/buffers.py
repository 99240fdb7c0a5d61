"""What the editor tells of its files: which are open, with their unsaved text, and which were edited lately.

Events come on the event loop's thread, questions on the device's. Each takes a moment, and none reads a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

MAX_RECENT = 32
"""Files remembered as edited lately, over all roots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """An open document. `lines` gives those of this moment; they are taken only where they are needed.

    `language`: the editor's id of its language. `revision`: another one for each change of any buffer.
    """

    lines: Callable[[], tuple[str, ...]]
    language: str
    revision: int


class Buffers:
    """The editor's files. `watched`: it tells of files that change on the disk, so that no one need look for them."""

    def __init__(self, *, watched: bool = True) -> None:
        self.watched = watched
        self._lock = Lock()
        self._open: dict[Path, Buffer] = {}
        self._recent: dict[Path, None] = {}
        self._revision = 0
        self._opened = 0

    def opened(self, path: Path, lines: Callable[[], tuple[str, ...]], language: str = "") -> None:
        with self._lock:
            self._revision += 1
            self._opened += 1
            self._open[path] = Buffer(lines=lines, language=language, revision=self._revision)
            self._touch(path)

    def edited(self, path: Path) -> None:
        with self._lock:
            if (buffer := self._open.get(path)) is not None:
                self._revision += 1
                self._open[path] = Buffer(lines=buffer.lines, language=buffer.language, revision=self._revision)
                self._touch(path)

    def closed(self, path: Path) -> None:
        """The disk has the file again; it was still edited lately."""
        with self._lock:
            self._opened += 1
            self._open.pop(path, None)

    def get(self, path: Path) -> Buffer | None:
        return self._open.get(path)

    @property
    def opened_count(self) -> int:
        """Another number whenever a file was opened or closed."""
        return self._opened

    def open_files(self) -> Mapping[Path, Buffer]:
        with self._lock:
            return dict(self._open)

    def recent(self) -> list[Path]:
        """The files that are open or were edited lately, the latest first."""
        with self._lock:
            return list(reversed(self._recent))

    def _touch(self, path: Path) -> None:
        self._recent.pop(path, None)
        self._recent[path] = None
        if len(self._recent) > MAX_RECENT:
            del self._recent[next(iter(self._recent))]
