"""The members that may be written at the cursor, where an object's are all known."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..code import grammar_of
from ..resolve import Project
from ..text import Cursor, Document
from .cancellable import CancellableProject, Stop
from .names.all_members import all_members
from .names.chains import chain_before
from .names.entities import Entity, Symbol
from .names.exact_types import ExactTypes
from .names.members import Names
from .scope import WHOLE_LINES, read_scope

_ASSIGNED = re.compile(r"[\w$]*\s*(?:=(?![=>])|:=)")
_OPEN_LINK = re.compile(r"(?:\.|->|::)\s*\Z")
_MEMBER = re.compile(r"\s*(?:\?\.|!\.|\.|\??->|::)\s*([\w$]+)")
_NAME = re.compile(r"[^\w$]")
_IN_CHAIN = ("_", "$", ".", ">", ":")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingMembers:
    """The members of the object before the cursor that start with what is `written` of one."""

    written: str
    names: frozenset[str]


def existing_members(
    document: Document, cursor: Cursor, project: Project, stop: Stop = lambda: None
) -> ExistingMembers | None:
    """None where no member is being written, where it may be a new one, or where the object may have others than are
    known. `stop`: see `gather`."""
    grammar = grammar_of(document.path, document.language)
    before, after = document.before(cursor), document.after(cursor)
    found = chain_before(before) if grammar is not None and grammar.guided else None
    if grammar is None or found is None or _ASSIGNED.match(after):
        return None
    expression, written = found
    expression = expression.removeprefix("...").lstrip("!")
    head = before[: len(before) - len(written)]
    start = head[: head.rindex(expression)]
    if _goes_on(document, cursor, start) or grammar.guide.new_name.search(start) or len(document.lines) > WHOLE_LINES:
        return None
    project = CancellableProject(project, stop)
    scope = read_scope(document, cursor, grammar, project.source, project.kept)
    names = Names(project, document, scope.outline, grammar)
    types = ExactTypes(scope, names)
    entity = types.of_expression(expression)
    if entity is None or (_is_own(entity, document) and not start.strip(" \t;{")):
        return None
    members = all_members(entity, names)
    if members is None or not _used_elsewhere(expression, types) <= members:
        return None
    fitting = frozenset(name for name in members if name.startswith(written))
    return ExistingMembers(written=written, names=fitting) if fitting else None


def _goes_on(document: Document, cursor: Cursor, start: str) -> bool:
    """Whether the expression is the member of another one, above: `client.` and then `get().▮`."""
    above = document.line(cursor.line - 1) if cursor.line else ""
    return not start.strip() and _OPEN_LINK.search(above) is not None


def _is_own(entity: Entity, document: Document) -> bool:
    """Whether it is of the document itself, whose author may be about to add to it."""
    return isinstance(entity, Symbol) and entity.path == document.path


def _used_elsewhere(expression: str, types: ExactTypes) -> set[str]:
    """The members of the expression that other lines use: one that is not known tells that more are not."""
    text = types.lines_around(_NAME.split(expression, maxsplit=1)[0])
    used: set[str] = set()
    place = text.find(expression)
    while place >= 0:
        end = place + len(expression)
        member = _MEMBER.match(text, end)
        if member is not None and text[place - 1 : place] not in _IN_CHAIN and not text[place - 1 : place].isalnum():
            used.add(member[1])
        place = text.find(expression, end)
    return used
