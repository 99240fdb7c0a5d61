"""The outline of a file: what it defines and what it imports, without its text.

Lines are zero-based numbers into the file's lines; names and types are texts as the file spells them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

Kind = Literal["class", "function", "field", "constant", "type", "module", "scope"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One definition.

    `head` are its signature lines (first, end), decorators included; `end` is the line after the whole of it.
    `inside`: where in the outline its container stands, whose head shows what it belongs to. `owner`: the name of
    the type that it is a member of, by nesting or as a receiver says. A definition of kind `scope` defines nothing
    itself (Rust's `impl`, a namespace): it is there for its members and their container line.
    `type`: what a function returns or a field holds; `value`: what a field or constant is first set to. `receiver`: the
    type on whose values an extension function is called, wherever it is defined. `named_at_end`: the name stands behind
    the body, on the last line (C's `typedef struct { ... } Client;`).
    """

    name: str
    kind: Kind
    head: tuple[int, int]
    end: int
    doc: str | None = None
    inside: int | None = None
    owner: str | None = None
    bases: tuple[str, ...] = ()
    type: str | None = None
    value: str | None = None
    parameters: str | None = None
    receiver: str | None = None
    named_at_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One name that an import binds.

    `module` as the file spells it, empty for the file itself. `name`: what is taken from the module; None for the
    module as a whole, `*` for all its names. `alias`: the name it has here. `lines`: the whole statement (first, end).
    `exported`: others can import it from here.
    """

    module: str
    name: str | None
    alias: str
    lines: tuple[int, int]
    exported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable or parameter and what is known of its type: as written, or by the expression that it is set to.

    `element`: it is an element of the value (or of the type), as in a loop.
    """

    name: str
    line: int
    type: str | None = None
    value: str | None = None
    element: bool = False


@dataclass(frozen=True, kw_only=True)
class Outline:
    """`definitions` in the order of the file, but those that comments make last. `module`: the package or namespace
    that the file says it is in. `error_share`: how much of the text the grammar could not read, where that was asked
    for; all of it where parsing did not end."""

    definitions: tuple[Definition, ...] = ()
    imports: tuple[Import, ...] = ()
    module: str | None = None
    error_share: float = 0.0

    @cached_property
    def notes(self) -> dict[object, Any]:
        """Room for what others derive from single definitions, by their number; it lives as long as the outline."""
        return {}

    @cached_property
    def top(self) -> Mapping[str, tuple[int, ...]]:
        """Where the definitions with a name stand that belong to no type."""
        return _by(self.definitions, lambda d: d.name if d.owner is None and d.kind != "scope" else None)

    @cached_property
    def nested(self) -> Mapping[str, tuple[int, ...]]:
        """Where the types with a name stand that belong to another type."""
        return _by(self.definitions, lambda d: d.name if d.owner is not None and d.kind in ("class", "type") else None)

    @cached_property
    def members(self) -> Mapping[str, tuple[int, ...]]:
        """Where the members of a type with a name stand."""
        return _by(self.definitions, lambda d: d.owner if d.kind != "scope" else None)

    @cached_property
    def extensions(self) -> Mapping[str, tuple[int, ...]]:
        """Where the extension functions of a type with a name stand."""
        return _by(self.definitions, lambda d: d.receiver)

    @cached_property
    def scopes(self) -> Mapping[str, tuple[int, ...]]:
        """Where more is said about a type with a name (`impl`, extensions)."""
        return _by(self.definitions, lambda d: d.name if d.kind == "scope" else None)

    @cached_property
    def bound(self) -> Mapping[str, tuple[Import, ...]]:
        """The imports that bind a name; those that bind all names of a module under `*`."""
        found: dict[str, list[Import]] = {}
        for item in self.imports:
            found.setdefault("*" if item.name == "*" and not item.alias else item.alias, []).append(item)
        return {name: tuple(items) for name, items in found.items()}


def _by(definitions, key) -> Mapping[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for number, definition in enumerate(definitions):
        name = key(definition)
        if name is not None:
            found.setdefault(name, []).append(number)
    return {name: tuple(numbers) for name, numbers in found.items()}


EMPTY = Outline(error_share=1.0)
