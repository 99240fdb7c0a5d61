"""The names of all members of a type or module, where text tells them all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .entities import Entity, Module, Symbol
from .members import Names

_MOST = 2000
_NAME = re.compile(r"[#$]?[^\W\d][\w$]*[?!]?")
_MAX_TYPES = 40


def all_members(entity: Entity, names: Names) -> frozenset[str] | None:
    """None where there may be others: by an unknown base, what answers for any name, or what is added at run time."""
    found = _of_module(entity, names) if isinstance(entity, Module) else _of_type(entity, names)
    if not found or len(found) > _MOST or found & names.grammar.dynamic:
        return None
    return frozenset(name for name in found if _NAME.fullmatch(name)) | names.grammar.root_members


def _of_type(type: Symbol, names: Names) -> frozenset[str] | None:
    members, complete = names.members(type)
    if not complete or not all(_is_closed(one, names) for one in _with_bases(type, names)):
        return None
    return frozenset(names.definition(member).name for member in members)


def _with_bases(type: Symbol, names: Names) -> Iterator[Symbol]:
    waiting, seen = [type], {type}
    while waiting:
        one = waiting.pop()
        yield one
        for _, found in names.bases(one):
            for base in found[:1]:
                if base not in seen and len(seen) < _MAX_TYPES:
                    seen.add(base)
                    waiting.append(base)


def _is_closed(type: Symbol, names: Names) -> bool:
    definition = names.definition(type)
    document = names.document(type.path)
    if document is None or definition.kind != "class":
        return False
    open_type = names.grammar.guide.open_type
    text = "".join(document.lines[definition.head[0] : definition.end])
    return open_type.search(text) is None and open_type.search(definition.doc or "") is None


def _of_module(module: Module, names: Names, hops: int = 3) -> frozenset[str] | None:
    """What a module defines or passes on."""
    found: set[str] = set()
    for file in module.files:
        outline = names.outline(file)
        found.update(outline.top)
        for item in outline.imports:
            if not item.exported:
                continue
            if item.name != "*":
                found.add(item.alias)
                continue
            files = names.modules(item.module, None, file)
            passed = _of_module(Module(item.module, file, files), names, hops - 1) if files and hops else None
            if passed is None:
                return None
            found |= passed
    return frozenset(found)
