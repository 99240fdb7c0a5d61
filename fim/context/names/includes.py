"""What includes bring into scope: a file's own names, those of what it includes, and of what that includes in turn."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, MutableMapping, Sequence
from functools import cached_property
from typing import Any
from weakref import ref

from ...code import Outline


class Includes:
    """The included files, for one cursor in the file `path`, through at most `hops` includes.

    `outline` gives what a file says, `modules` the files that an include means; `memo` keeps what was found for as long
    as the files that it was found by say the same.
    """

    def __init__(
        self,
        path: str,
        hops: int,
        outline: Callable[[str], Outline],
        modules: Callable[[str, None, str], Sequence[str]],
        memo: MutableMapping[Hashable, Any],
    ) -> None:
        self._path = path
        self._hops = hops
        self._outline = outline
        self._modules = modules
        self._memo = memo
        self._files: dict[str, list[str]] = {}

    def files(self, path: str) -> Sequence[str]:
        """The file itself, then what it includes, the nearest first, and of equally near ones the smallest."""
        if path not in self._files:
            self._files[path] = self._known(path) or self._found(path)
        return self._files[path]

    def _known(self, path: str) -> list[str] | None:
        """What the memo has of a file, if all files that it was found by still say the same."""
        kept: dict[str, ref[Outline]] | None = self._memo.get(("includes", path))
        if kept is None or any(known() is not self._outline(file) for file, known in kept.items()):
            return None
        return list(kept)

    def _found(self, path: str) -> list[str]:
        found = list(self._seek(path))
        self._memo["includes", path] = {file: ref(self._outline(file)) for file in found}
        return found

    def _seek(self, path: str) -> Iterable[str]:
        found: dict[str, None] = {path: None}
        edge = [path]
        for _ in range(self._hops):
            included: dict[str, None] = {}
            for file in edge:
                included.update(dict.fromkeys(self._directly_in(file)))
            edge = [file for file in included if file not in found]
            # A small header is included for what it has, a large one for some of it.
            edge.sort(key=lambda file: len(self._outline(file).top))
            found.update(dict.fromkeys(edge))
        return found

    def _directly_in(self, file: str) -> Iterable[str]:
        for item in self._outline(file).bound.get("*", ()):
            yield from self._modules(item.module, None, file)

    def defining(self, name: str, path: str) -> Sequence[str]:
        """Of a file and what it includes, those that define a name at their top level."""
        if path == self._path:
            return self._by_name.get(name, ())
        return [file for file in self.files(path) if name in self._outline(file).top]

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[str]]:
        """For the file under the cursor, which is asked most, all names at once."""
        index: dict[str, list[str]] = {}
        for file in self.files(self._path):
            for name in self._outline(file).top:
                index.setdefault(name, []).append(file)
        return index
