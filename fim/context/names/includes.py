"""What includes bring in sight: a file's own names, those of what it includes, and of what that includes in turn."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, MutableMapping, Sequence
from functools import cached_property
from typing import Any
from weakref import ref

from ...code import Outline


class Sight:
    """Of one cursor in the file `path`. `outline` gives what a file says, `modules` the files that an include means;
    `memo` keeps what was found for as long as the files that it was found by say the same."""

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
            key = "sight", path
            kept: dict[str, ref[Outline]] | None = self._memo.get(key)
            if kept is None or any(known() is not self._outline(file) for file, known in kept.items()):
                kept = self._memo[key] = {file: ref(self._outline(file)) for file in self._seek(path)}
            self._files[path] = list(kept)
        return self._files[path]

    def _seek(self, path: str) -> Iterable[str]:
        found: dict[str, None] = {path: None}
        edge = [path]
        for _ in range(self._hops):
            specs = [(item.module, file) for file in edge for item in self._outline(file).bound.get("*", ())]
            included = (file for spec, importer in specs for file in self._modules(spec, None, importer))
            edge = [file for file in dict.fromkeys(included) if file not in found]
            # A small header is included for what it has, a large one for some of it.
            edge.sort(key=lambda file: len(self._outline(file).top))
            found.update(dict.fromkeys(edge))
        return found

    def defining(self, name: str, path: str) -> Sequence[str]:
        """The files in sight of a file that define a name at their top level."""
        if path == self._path:
            return self._here.get(name, ())
        return [file for file in self.files(path) if name in self._outline(file).top]

    @cached_property
    def _here(self) -> Mapping[str, Sequence[str]]:
        index: dict[str, list[str]] = {}
        for file in self.files(self._path):
            for name in self._outline(file).top:
                index.setdefault(name, []).append(file)
        return index
