"""What the definition of a symbol itself says, wherever the cursor is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import log

from ..code import Definition, Grammar
from .facts import KIND, Fact, Facts
from .names.entities import Symbol
from .names.members import Names
from .scope import parts_of, word_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What is known of a definition wherever the cursor is."""

    name: str
    word: str
    owner: str | None
    facts: Facts
    parts: tuple[str, ...]
    type_parts: tuple[str, ...]
    static: bool
    private: bool


def traits_of(symbol: Symbol, names: Names) -> Traits:
    """What a definition says; kept with its file's outline."""
    notes = names.outline(symbol.path).notes
    found = notes.get(symbol.number)
    if found is None:
        found = notes[symbol.number] = _read_traits(symbol, names)
    return found


def _read_traits(symbol: Symbol, names: Names) -> Traits:
    definition, document = names.definition(symbol), names.document(symbol.path)
    head = " ".join(document.lines[slice(*definition.head)]) if document else ""
    return Traits(
        name=definition.name,
        word=word_of(definition.name),
        owner=definition.owner,
        facts=_facts(symbol, names),
        parts=parts_of(definition.name),
        type_parts=parts_of(definition.type or ""),
        static=definition.kind == "constant" or bool(re.search(names.grammar.static, head)),
        private=_is_private(definition, head, names.grammar),
    )


def _facts(symbol: Symbol, names: Names) -> Facts:
    definition = names.definition(symbol)
    facts = {KIND[definition.kind]: 1.0}
    if definition.name.startswith("__"):
        facts[Fact.SPECIAL_NAME] = 1.0
    elif definition.name.startswith(("_", "#")):
        facts[Fact.HIDDEN] = 1.0
    if definition.name in names.grammar.constructors:
        facts[Fact.CONSTRUCTOR] = 1.0
    if definition.owner is not None:
        siblings = names.outline(symbol.path).members.get(definition.owner, ())
        facts[Fact.MEMBER] = 1.0
        facts[Fact.SIBLINGS] = log(1 + len(siblings))
    return facts


def _is_private(definition: Definition, head: str, grammar: Grammar) -> bool:
    """Whether files (of other packages) cannot see it. `head`: its signature."""
    if grammar.private and re.search(grammar.private, head):
        return True
    if definition.owner is None and grammar.exported and not re.search(grammar.exported, head):
        return True
    return bool(grammar.exported_name and not re.search(grammar.exported_name, definition.name))
