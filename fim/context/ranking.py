"""How likely a symbol is needed, by the facts that speak for it.

The chance is a logistic function of weighted facts. `weights.toml` has the weights; `bench/ranking.py` fits them on
lines of real repositories that were cut where they use another file's symbol.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from heapq import nlargest
from itertools import chain
from math import exp, inf, log

from .._data import load_toml
from .evidence.neighbours import Neighbours
from .names.chains import written_name
from .names.entities import Symbol
from .names.members import Names
from .scope import Scope, parts_of, word_of

CONSTRUCTORS = frozenset({"__init__", "constructor", "initialize", "init", "new", "New", "__construct", "__new__"})
_STATIC = re.compile(r"@classmethod|@staticmethod|\bstatic\b|\bcompanion\b")
_MOST = 300
_CLOSE = 0.7  # three lines

Facts = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A symbol, the estimated chance that the code at the cursor needs it, and what speaks most for it."""

    symbol: Symbol
    score: float
    reason: str


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


@cache
def weights() -> Facts:
    return load_toml("context/weights.toml")


class Ranking:
    """Turns facts into candidates, for one cursor."""

    def __init__(self, scope: Scope, names: Names, neighbours: Neighbours) -> None:
        self._scope = scope
        self._names = names
        self._neighbours = neighbours

    def candidates(self, found: Mapping[Symbol, Facts], reasons: Mapping[Symbol, Mapping[str, str]]) -> list[Candidate]:
        """The symbols with all their facts, the likeliest first. `reasons`: what to say of some of the facts."""
        worth, candidates = weights(), []
        for symbol, facts in found.items():
            total = worth["bias"] + sum([worth[fact] * value for fact, value in facts.items() if fact in worth])
            most, best = -inf, ""
            for fact, reason in reasons[symbol].items():
                if (weighed := worth.get(fact, 0.0) * facts[fact]) > most:
                    most, best = weighed, reason
            candidates.append(Candidate(symbol=symbol, score=1 / (1 + exp(-total)), reason=best))
        return sorted(candidates, key=lambda c: (-c.score, c.symbol))

    def facts(
        self, noted: Mapping[Symbol, Facts], symbols: Collection[Symbol], relation: str | None
    ) -> dict[Symbol, dict[str, float]]:
        """All facts about `symbols`: those noted, and what names and kinds say. `relation`: the fact about all that are
        no members of the receiver at the cursor."""
        traits = {symbol: self.traits(symbol) for symbol in symbols}
        parts = Counter(chain.from_iterable(own.parts for own in traits.values()))
        rarity = {part: 1 / (1 + log(1 + count)) for part, count in parts.items()}
        named: dict[object, float] = {}
        for symbol, own in traits.items():
            nearness = noted[symbol].get("named", 0.0)
            for place in (symbol.path, (symbol.path, own.owner)):
                if nearness >= named.get(place, 0.0):
                    named[place] = nearness
        return {s: self._facts_of(s, own, noted[s], relation, rarity, named) for s, own in traits.items()}

    def most_promising(self, noted: Mapping[Symbol, Facts]) -> list[Symbol]:
        """The symbols that the noted facts, and their names at a glance, speak most for; the rest is not looked at."""
        worth, counts, nearby = weights(), self._scope.counts, self._scope.parts
        together = worth.get("used with", 0.0)
        used, beside, alike = worth.get("word used", 0.0), worth.get("used beside", 0.0), worth.get("alike nearby", 0.0)

        def promise(symbol: Symbol) -> float:
            name = word_of(self._names.definition(symbol).name)
            total = used * (name in counts) + beside * self._neighbours.share_using(name, symbol.path)
            total += together * self._used_with.get(name, 0.0)
            if parts := parts_of(name):
                likeness = 0.0
                for part in parts:
                    likeness += nearby.get(part, 0.0)
                total += alike * likeness / len(parts)
            for fact, value in noted[symbol].items():
                total += worth.get(fact, 0.0) * value
            return total

        return nlargest(_MOST, noted, key=promise)

    def _facts_of(
        self,
        symbol: Symbol,
        traits: Traits,
        noted: Facts,
        relation: str | None,
        rarity: Mapping[str, float],
        named: Mapping[object, float],
    ) -> dict[str, float]:
        scope = self._scope
        facts = {**noted, **traits.facts, "file named": named[symbol.path]}
        if traits.owner is not None:
            facts["owner named"] = named[symbol.path, traits.owner]
        facts["word nearby"] = scope.words.get(traits.word, 0.0)
        facts["word used"] = log(1 + scope.counts.get(traits.word, 0))
        facts["used with"] = self._used_with.get(traits.word, 0.0)
        facts["used beside"] = self._neighbours.share_using(traits.word, symbol.path)
        if traits.parts:
            whole = nearby = awaited = begun = purpose = 0.0
            for part in traits.parts:
                rare = rarity[part]
                whole += rare
                nearby += rare * scope.parts.get(part, 0.0)
                awaited += rare * (part in scope.awaited)
                begun += rare * (part in scope.beginning)
                purpose += rare * (part in scope.purpose)
            facts["alike nearby"], facts["alike awaited"] = nearby / whole, awaited / whole
            facts["alike begun"], facts["alike purpose"] = begun / whole, purpose / whole
        if not scope.awaited.isdisjoint(traits.type_parts):
            facts["type awaited"] = 1.0
        if traits.private and symbol.path not in self._package:
            facts["private"] = 1.0
        if self._names.project.paths.is_library(symbol.path):
            facts["library"] = 1.0
        if written := self._written:
            facts["begun" if traits.name.lower().startswith(written) else "not begun"] = 1.0
        if relation is not None and "receiver" not in noted:
            facts[relation] = 1.0
        return facts

    def traits(self, symbol: Symbol) -> Traits:
        """What the definition itself says; kept with its file's outline."""
        notes = self._names.outline(symbol.path).notes
        if (found := notes.get(symbol.number)) is None:
            found = notes[symbol.number] = self._read_traits(symbol)
        return found

    def _read_traits(self, symbol: Symbol) -> Traits:
        definition, grammar = self._names.definition(symbol), self._names.grammar
        name, document = definition.name, self._names.document(symbol.path)
        head = " ".join(document.lines[slice(*definition.head)]) if document else ""
        facts = {f"kind {definition.kind}": 1.0}
        if name.startswith("__"):
            facts["special name"] = 1.0
        elif name.startswith(("_", "#")):
            facts["hidden"] = 1.0
        if name in CONSTRUCTORS:
            facts["constructor"] = 1.0
        if definition.owner is not None:
            siblings = self._names.outline(symbol.path).members.get(definition.owner, ())
            facts |= {"member": 1.0, "siblings": log(1 + len(siblings))}
        private = bool(grammar.private and re.search(grammar.private, head))
        if definition.owner is None and grammar.exported:
            private = private or not re.search(grammar.exported, head)
        if grammar.exported_name:
            private = private or not re.search(grammar.exported_name, name)
        return Traits(
            name=name,
            word=word_of(name),
            owner=definition.owner,
            facts=facts,
            parts=parts_of(name),
            type_parts=parts_of(definition.type or ""),
            static=definition.kind == "constant" or bool(_STATIC.search(head)),
            private=private,
        )

    @cached_property
    def _used_with(self) -> Facts:
        """What stands beside the words at the cursor in other files."""
        near = {word: near for word, near in self._scope.words.items() if near > _CLOSE and len(word) > 1}
        return self._neighbours.used_with(near)

    @cached_property
    def _package(self) -> frozenset[str]:
        """The files in which even private names can be seen, where a package is what hides them."""
        return frozenset(self._names.package(None, self._names.path) if self._names.grammar.exported_name else ())

    @cached_property
    def _written(self) -> str:
        """The name that is being written at the cursor, as far as it is, in lower case."""
        return written_name(self._scope.document.before(self._scope.cursor)).lower()
