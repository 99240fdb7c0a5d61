"""What the editor tells of its files: which are open, with their unsaved text, and which were edited lately.

Events come on the event loop's thread, questions on the device's. Each takes a moment. None reads a file; where a file
really is, is asked when it is opened, and again when something happens to a folder or link on the way to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from .canonical_paths import CanonicalPaths

MAX_RECENT = 32
"""Files remembered as edited lately, over all roots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """An open document. `lines` gives those of this moment; they are taken only where they are needed.

    `language`: the editor's id of its language. `revision`: another one for each change of any buffer. `file`: the
    canonical path of its file.
    """

    lines: Callable[[], tuple[str, ...]]
    language: str
    revision: int
    file: Path


class Buffers:
    """The editor's files. `watched`: it tells of files that change on the disk, so that no one need look for them.

    The editor's names of them may lead through links; `get`, `open_files` and `recent` speak of canonical paths.
    """

    def __init__(self, *, watched: bool = True) -> None:
        self.watched = watched
        self._lock = Lock()
        self._paths = CanonicalPaths()
        self._named: dict[Path, Buffer] = {}  # by the editor's name, the one that was edited last at the end
        self._open: dict[Path, Buffer] = {}  # by the file: of several buffers of one, the last
        self._recent: dict[Path, None] = {}
        self._revision = 0
        self._opened = 0

    def opened(self, path: Path, lines: Callable[[], tuple[str, ...]], language: str = "") -> None:
        file = self._paths.of(path)
        with self._lock:
            self._opened += 1
            self._put(path, Buffer(lines=lines, language=language, revision=0, file=file))

    def edited(self, path: Path) -> None:
        with self._lock:
            buffer = self._named.get(path)
            if buffer is not None:
                self._put(path, buffer)

    def closed(self, path: Path) -> None:
        """The disk has the file again; it was still edited lately."""
        with self._lock:
            self._opened += 1
            self._named.pop(path, None)
            self._open = {buffer.file: buffer for buffer in self._named.values()}

    def file_of(self, path: Path) -> Path:
        """The canonical path of the file that the editor calls `path`."""
        buffer = self._named.get(path)
        return self._paths.of(path) if buffer is None else buffer.file

    def changed(self, path: Path) -> None:
        """Something came or went on the disk at `path`: what it was on the way to may be another file now."""
        if self._paths.depend_on(path):
            self._paths.forget()
            with self._lock:
                names = [name for name in self._named if name == path or path in name.parents]
            self._look_again(names)

    def look_again(self) -> None:
        """Asks for all open files where they are."""
        self._paths.forget()
        with self._lock:
            names = list(self._named)
        self._look_again(names)

    def _look_again(self, names: list[Path]) -> None:
        files = {name: self._paths.of(name) for name in names}
        with self._lock:
            for name, file in files.items():
                if name in self._named:  # it may have been closed meanwhile
                    self._named[name] = replace(self._named[name], file=file)
            self._open = {buffer.file: buffer for buffer in self._named.values()}
            self._opened += 1

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

    def _put(self, path: Path, buffer: Buffer) -> None:
        self._revision += 1
        buffer = replace(buffer, revision=self._revision)
        self._named.pop(path, None)
        self._named[path] = self._open[buffer.file] = buffer
        self._recent.pop(buffer.file, None)
        self._recent[buffer.file] = None
        if len(self._recent) > MAX_RECENT:
            del self._recent[next(iter(self._recent))]
