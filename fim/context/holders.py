"""Indexes over many files, for one cursor: which of them have a name, and which extend a type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ..code import Outline

_FEW_FILES = 4


class Holders:
    """Answers from outlines that are parsed when they are first asked for."""

    def __init__(self, outline: Callable[[str], Outline]) -> None:
        self._outline = outline
        self._indexes: dict[tuple[str, ...], dict[str, list[str]]] = {}
        self._extending: dict[str, list[tuple[str, int]]] | None = None
        self._adding: dict[str, list[tuple[str, int]]] | None = None

    def of(self, name: str, files: tuple[str, ...]) -> Sequence[str]:
        """Those of `files` that may define or re-export a name; all where they are few."""
        if len(files) <= _FEW_FILES:
            return files
        if files not in self._indexes:
            self._indexes[files] = self._index(files)
        index = self._indexes[files]
        return [*index.get(name, ()), *index.get("*", ())]

    def _index(self, files: Iterable[str]) -> dict[str, list[str]]:
        index: dict[str, list[str]] = {}
        for file in files:
            outline = self._outline(file)
            passed_on = {"*" if item.name == "*" else item.alias for item in outline.imports if item.exported}
            for name in {*outline.top, *passed_on}:
                index.setdefault(name, []).append(file)
        return index

    def extensions(self, type: str, in_scope: Callable[[], Iterator[str]]) -> Sequence[tuple[str, int]]:
        """The extension functions of a type in the files that are in scope, each with its number in its outline."""
        if self._extending is None:
            self._extending = {}
            for file in dict.fromkeys(in_scope()):
                for receiver, numbers in self._outline(file).extensions.items():
                    self._extending.setdefault(receiver, []).extend((file, number) for number in numbers)
        return self._extending.get(type, ())

    def scopes(self, type: str, in_scope: Callable[[], Iterator[str]]) -> Sequence[tuple[str, int]]:
        """Where the files that are in scope say more about a type, each with its number in its outline."""
        if self._adding is None:
            self._adding = {}
            for file in dict.fromkeys(in_scope()):
                for name, numbers in self._outline(file).scopes.items():
                    self._adding.setdefault(name, []).extend((file, number) for number in numbers)
        return self._adding.get(type, ())
