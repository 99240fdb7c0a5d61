"""The index of one root: which files it has, their texts and outlines, as far as they were asked for.

Events may come on any thread and take a moment: they are noted, and looked into at the next use. All else is for the
thread that makes prompts: it lists, reads and parses under the index's lock, for which the event loop never waits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Hashable
from functools import partial
from pathlib import Path
from threading import RLock, Thread
from time import monotonic
from typing import Any, TypeVar, cast

from ... import fim
from ...fim.code import Outline
from ...fim.resolve import Paths
from ...fim.resolve.project import Sized
from .buffers import Buffer, Buffers
from .ignore import Rules
from .libraries import Libraries, PathsWithLibraries
from .listing import Lister, Listing
from .manifests import bounded_text, check_depth, manifest_limit
from .memory import FILE, Memory
from .path_events import PathEvents
from .reading import (
    File,
    LeftOut,
    Manifest,
    Stamp,
    make_file,
    read_text,
)
from .texts import Texts
from .tree import Tree

S = TypeVar("S", bound=Sized)

CONTEXT_BYTES = 96_000_000
"""What the files of a root and all that is made of them may take, estimated."""
_NOTES_UNCOUNTED = 16
"""Of each file: counting after each note would cost more than they weigh."""
MANIFESTS_BYTES = 32_000_000
RELIST_S = 30.0
"""How old a listing may be where the editor does not tell of changes on the disk."""


class ProjectIndex:
    """One root. `without`: folders of it that are roots of their own, relative to it.

    `libraries`: whether `paths` knows of installed packages too.
    """

    def __init__(
        self,
        root: Path,
        exclude: Rules,
        buffers: Buffers,
        without: Collection[str] = (),
        *,
        libraries: bool = False,
    ) -> None:
        self.root = root
        self._buffers = buffers
        self.without = tuple(sorted(folder + "/" for folder in without))
        self._lister = Lister(str(root), exclude, without)
        self._base = self._lister.root
        self._libraries = Libraries(str(root), exclude) if libraries else None
        self._tree = Tree(self._lister, partial(PathsWithLibraries, self._libraries) if self._libraries else Paths)
        self._texts = Texts(self._base, self._tree, buffers, self._libraries)
        self._lock = RLock()
        self._events = PathEvents()
        self._fresh: Listing | None = None
        self._listed_s = 0.0
        self._opened_count = -1
        self.memory = Memory(CONTEXT_BYTES)
        self._manifests = Memory(MANIFESTS_BYTES)
        self._left_out: dict[str, Stamp] = {}
        self._facts: dict[str, Stamp] = {}
        self._changes = 0
        self.memo: dict[Hashable, Any] = {}  # see `Project.memo`

    def notice(self, path: str, *, appeared: bool) -> None:
        """Something happened to a path on the disk ("": the root); any thread may tell. `appeared`: it is new there."""
        self._events.note(path, appeared=appeared)

    def mark_stale(self) -> None:
        """Has the root listed anew at its next use, and every file compared with the disk."""
        self._events.all_stale = True

    def relative(self, path: Path) -> str | None:
        """The path in this root; None where it is in no root or another one."""
        text = str(path)
        if not os.path.normcase(text).startswith(os.path.normcase(self._base)):
            return None
        found = text[len(self._base) :].replace(os.sep, "/")
        return None if found.startswith(self.without) else found

    def settle(self, current: str) -> Paths:
        """The files as they are by now. `current`: the one that someone works in."""
        with self._lock:
            if self._events.all_stale:
                self._events.clear()
                self._tree.list_all()
                self._listed()
            elif self._fresh is not None:
                self._tree.take(self._fresh)
                self._listed()
            elif not self._buffers.watched and monotonic() - self._listed_s > RELIST_S:
                self._listed_s = monotonic()
                Thread(target=self._list_again, name="seekline-listing", daemon=True).start()
            self._examine_events()
            self._look_at_buffers()
            self._tree.lift(current.rpartition("/")[0])
            self._check_memo()
            return self._tree.paths

    def look_at_events(self, path: str) -> bool:
        """Whether prompts may be other ones since something happened to `path`: files came or went, or it is one of
        them and not open, where the editor's text counts."""
        with self._lock:
            if self._events.all_stale:
                return True
            before = self._tree.changes
            self._examine_events()
            return before != self._tree.changes or (path in self._tree.paths and path not in self._texts.open)

    def _examine_events(self) -> None:
        for path, appeared in self._events.take():
            self._forget_stamp(path)
            self._tree.examine(path, is_open=path in self._texts.open, appeared=appeared)

    def _check_memo(self) -> None:
        # Who finds an answer in the memo does not ask for the manifests that it was made from.
        changes = self._tree.changes
        if self._libraries is not None:
            self._libraries.look_again()
            changes += self._libraries.changes
        if self._changes != changes or any(self._texts.stamp(path) != old for path, old in self._facts.items()):
            self._changes = changes
            self._facts.clear()
            self.memo.clear()

    def _listed(self) -> None:
        self._fresh = None
        self._listed_s = monotonic()
        self._opened_count, self._texts.open = -1, {}

    def _list_again(self) -> None:
        """On a thread of its own: the files, for the next use to take."""
        self._fresh = self._lister.whole()

    def _look_at_buffers(self) -> None:
        """Open files are files of the root even before they are saved."""
        count = self._buffers.opened_count
        if count == self._opened_count:
            return
        before, self._opened_count = self._texts.open, count
        found = ((self.relative(path), path) for path in self._buffers.open_files())
        self._texts.open = {relative: path for relative, path in found if relative is not None}
        for path in before.keys() ^ self._texts.open.keys():
            self._tree.examine(path, is_open=path in self._texts.open, appeared=False)
        for path in before.keys() - self._texts.open.keys():
            self.memory.discard_made(path)

    def _forget_stamp(self, path: str) -> None:
        """Has the file read again at its next use; what its text was made into stays if the text is the same."""
        self._left_out.pop(path, None)
        for kept in (self._known(path), self._manifests.get(path)):
            if kept is not None:
                kept.stamp = None

    def recent(self, current: str) -> tuple[str, ...]:
        """The other files that are open or were edited lately, the latest first."""
        with self._lock:
            found, paths = (self.relative(path) for path in self._buffers.recent()), self._tree.paths
            others = (path for path in found if path is not None and path != current and path in paths)
            return tuple(path for path in others if not paths.is_library(path))

    def file(self, path: str) -> File | None:
        """The file as it is now; None where it is not in the root, or has no text for us."""
        with self._lock:
            if path not in self._tree.paths:
                return None
            known, buffer, stamp = self._known(path), self._texts.buffer(path), self._texts.stamp(path)
            if known is not None:
                known.seen_s = monotonic()
            if known is not None and stamp is not None and known.stamp == stamp:
                return known
            if stamp is not None and self._left_out.get(path) == stamp:
                return None
            language = fim.language_of_path(path)
            if buffer is not None:
                language = fim.language_named(buffer.language) or language
            file = self._read(path, buffer, stamp, language, known)
            if file is None:
                self.memory.discard(path)
                self._left_out[path] = stamp
            elif file is not known:
                self.memory.put(path, FILE, file)
            return file

    def _read(
        self, path: str, buffer: Buffer | None, stamp: Stamp, language: fim.Language | None, known: File | None
    ) -> File | None:
        """What the file is by now: `known` itself where its text is the same."""
        try:
            if buffer is not None:
                lines = buffer.lines()
            else:
                text, stamp = read_text(*self._texts.on_disk(path), self._texts.limit_bytes(path))
                lines = tuple(fim.split_lines(text))
            if known is not None and known.raw == lines and known.document.language == language:
                known.stamp = stamp
                return known
            return make_file(path, lines, language, stamp)
        except (LeftOut, OSError) as error:
            self._texts.tell_left_out(path, error)
            return None

    def _known(self, path: str) -> File | None:
        return self.memory.get(path)

    @property
    def used_bytes(self) -> int:
        """What the root keeps in memory, estimated."""
        return self.memory.used_bytes + self._manifests.used_bytes

    def is_parsed(self, path: str) -> bool:
        """Whether an outline of the file is known already, if the file is still the same."""
        with self._lock:
            file = self._known(path)
            return file is not None and "outline" in vars(file)

    def seen_lately(self, path: str) -> File | None:
        """The file as it was some seconds ago, if it was parsed then and no event has told of a change since."""
        file = None if path in self._texts.open else self._known(path)
        lately = file is not None and file.stamp is not None and monotonic() - file.seen_s < RELIST_S
        return file if lately and "outline" in vars(file) else None

    def outline(self, path: str, file: File) -> Outline:
        """The outline of a file that this index gave."""
        with self._lock:
            is_new = "outline" not in vars(file)
            outline = file.outline
            notes = len(outline.notes)
            if is_new or notes >= file.counted_notes + _NOTES_UNCOUNTED:
                file.counted_notes = notes
                if self._known(path) is file:
                    self.memory.put(path, FILE, file)
            return outline

    def reading(self, path: str, file: File, read: Callable[[fim.Document], S]) -> S:
        """What `read` makes of a file that this index gave, once per text."""
        with self._lock:
            if read not in file.readings:
                file.readings[read] = read(file.document)
                if self._known(path) is file:
                    self.memory.put(path, FILE, file)
            return cast(S, file.readings[read])

    def manifest(self, path: str, parse: Callable[[str], Any]) -> Any:
        """What `parse` makes of a project file, once per text; None where there is none or it is broken."""
        with self._lock:
            manifest = self._manifest(path) if path in self._tree.paths else None
            if manifest is None:
                return None
            self._facts[path] = manifest.stamp
            if parse not in manifest.parsed:
                try:
                    check_depth(path, manifest.text)
                    manifest.parsed[parse] = parse(manifest.text)
                except (LeftOut, ValueError, RecursionError) as error:
                    self._texts.tell_left_out(path, error)
                    manifest.parsed[parse] = None
                self._manifests.put(path, FILE, manifest)
            return manifest.parsed[parse]

    def _manifest(self, path: str) -> Manifest | None:
        known: Manifest | None = self._manifests.get(path)
        buffer, stamp = self._texts.buffer(path), self._texts.stamp(path)
        if known is not None and stamp is not None and known.stamp == stamp:
            return known
        try:
            if buffer is not None:
                text = bounded_text(buffer.lines(), manifest_limit(path))
            else:
                text, stamp = read_text(*self._texts.on_disk(path), manifest_limit(path))
        except (LeftOut, OSError) as error:
            self._texts.tell_left_out(path, error)
            self._manifests.discard(path)
            return None
        if known is not None and known.text == text:
            known.stamp = stamp
            return known
        made = Manifest(stamp=stamp, text=text)
        self._manifests.put(path, FILE, made)
        return made
