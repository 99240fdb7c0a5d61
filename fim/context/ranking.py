"""How likely a symbol is needed, by the facts that speak for it.

The chance is a logistic function of weighted facts. `weights.toml` has the weights; `bench/ranking.py` fits them on
lines of real repositories that were cut where they use another file's symbol.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from heapq import nlargest
from itertools import chain
from math import exp, inf, log

from .._data import load_toml
from .evidence import signatures
from .evidence.notebook import Evidence
from .facts import Fact, Facts
from .names.entities import Symbol
from .scope import parts_of, word_of
from .traits import Traits, traits_of

_MOST = 300
_CLOSE = 0.7  # three lines

# Asked for thousands of symbols: the attributes of an enumeration take three times as long as names of a module.
_FILE_NAMED, _OWNER_NAMED = Fact.FILE_NAMED, Fact.OWNER_NAMED
_WORD_NEARBY, _WORD_USED = Fact.WORD_NEARBY, Fact.WORD_USED
_USED_WITH, _USED_BESIDE = Fact.USED_WITH, Fact.USED_BESIDE
_ALIKE_NEARBY, _ALIKE_AWAITED = Fact.ALIKE_NEARBY, Fact.ALIKE_AWAITED
_ALIKE_BEGUN, _ALIKE_PURPOSE = Fact.ALIKE_BEGUN, Fact.ALIKE_PURPOSE
_NAMED, _RECEIVER = Fact.NAMED, Fact.RECEIVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A symbol, the estimated chance that the code at the cursor needs it, and what speaks most for it."""

    symbol: Symbol
    score: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What each fact is worth, and the `bias`: the worth of a symbol for which nothing speaks."""

    bias: float
    of: Facts


@cache
def weights() -> Weights:
    """The fitted weights, one for each fact."""
    table = load_toml("context/weights.toml")
    bias = table.pop("bias")
    return Weights(bias=bias, of={Fact(key): weight for key, weight in table.items()})


class Ranking:
    """Turns the evidence of one cursor into candidates."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._scope = evidence.scope
        self._names = evidence.names
        self._neighbours = evidence.neighbours

    def candidates(self) -> list[Candidate]:
        """All candidates, the likeliest first; equals in the order of paths and lines."""
        bias, worth = weights().bias, weights().of
        candidates: list[Candidate] = []
        for symbol, facts in self.facts().items():
            total = bias + sum([worth[fact] * value for fact, value in facts.items()])
            reason = self._best_reason(symbol, facts)
            candidates.append(Candidate(symbol=symbol, score=1 / (1 + exp(-total)), reason=reason))
        return sorted(candidates, key=lambda candidate: (-candidate.score, candidate.symbol))

    def _best_reason(self, symbol: Symbol, facts: Facts) -> str:
        """What is to be said of the fact that counts most."""
        worth = weights().of
        most, best = -inf, ""
        for fact, reason in self._evidence.reasons[symbol].items():
            weighed = worth[fact] * facts[fact]
            if weighed > most:
                most, best = weighed, reason
        return best

    def facts(self) -> dict[Symbol, dict[Fact, float]]:
        """All that is known about the symbols that most speaks for: what was noted, and what their names and kinds say.

        It adds to the evidence what the signatures of the best name.
        """
        noted = self._evidence.facts
        if not noted:
            return {}
        best = self._most_promising(noted)
        known = set(noted)
        signatures.note(self._evidence, best)
        return self._all_facts([*best, *(symbol for symbol in noted if symbol not in known)])

    def _all_facts(self, symbols: Collection[Symbol]) -> dict[Symbol, dict[Fact, float]]:
        traits = {symbol: traits_of(symbol, self._names) for symbol in symbols}
        parts = Counter(chain.from_iterable(own.parts for own in traits.values()))
        rarity = {part: 1 / (1 + log(1 + count)) for part, count in parts.items()}
        named = self._named(traits)
        return {symbol: self._facts_of(symbol, own, rarity, named) for symbol, own in traits.items()}

    def _named(self, traits: Mapping[Symbol, Traits]) -> Mapping[object, float]:
        """How near a symbol of each file, and of each type in a file, is named."""
        named: dict[object, float] = {}
        for symbol, own in traits.items():
            nearness = self._evidence.facts[symbol].get(_NAMED, 0.0)
            for place in (symbol.path, (symbol.path, own.owner)):
                if nearness >= named.get(place, 0.0):
                    named[place] = nearness
        return named

    def _most_promising(self, noted: Mapping[Symbol, Facts]) -> list[Symbol]:
        """The symbols that the noted facts, and their names alone, speak most for; the rest is not looked at."""
        return nlargest(_MOST, noted, key=self._promise(noted))

    def _promise(self, noted: Mapping[Symbol, Facts]) -> Callable[[Symbol], float]:
        worth, counts, nearby = weights().of, self._scope.counts, self._scope.parts
        together, used = worth[_USED_WITH], worth[_WORD_USED]
        beside, alike = worth[_USED_BESIDE], worth[_ALIKE_NEARBY]
        definition_of, share_using, used_with = self._names.definition, self._neighbours.share_using, self._used_with

        def promise(symbol: Symbol) -> float:
            name = word_of(definition_of(symbol).name)
            total = used * (name in counts) + beside * share_using(name, symbol.path)
            total += together * used_with.get(name, 0.0)
            parts = parts_of(name)
            if parts:
                likeness = 0.0
                for part in parts:
                    likeness += nearby.get(part, 0.0)
                total += alike * likeness / len(parts)
            for fact, value in noted[symbol].items():
                total += worth[fact] * value
            return total

        return promise

    def _facts_of(
        self, symbol: Symbol, traits: Traits, rarity: Mapping[str, float], named: Mapping[object, float]
    ) -> dict[Fact, float]:
        scope = self._scope
        facts = {**self._evidence.facts[symbol], **traits.facts, _FILE_NAMED: named[symbol.path]}
        if traits.owner is not None:
            facts[_OWNER_NAMED] = named[symbol.path, traits.owner]
        facts[_WORD_NEARBY] = scope.words.get(traits.word, 0.0)
        facts[_WORD_USED] = log(1 + scope.counts.get(traits.word, 0))
        facts[_USED_WITH] = self._used_with.get(traits.word, 0.0)
        facts[_USED_BESIDE] = self._neighbours.share_using(traits.word, symbol.path)
        if traits.parts:
            facts.update(self._likeness(traits.parts, rarity))
        if not scope.awaited.isdisjoint(traits.type_parts):
            facts[Fact.TYPE_AWAITED] = 1.0
        if traits.private and symbol.path not in self._package:
            facts[Fact.PRIVATE] = 1.0
        if self._names.project.paths.is_library(symbol.path):
            facts[Fact.LIBRARY] = 1.0
        if self._relation is not None and _RECEIVER not in facts:
            facts[self._relation] = 1.0
        return facts

    def _likeness(self, parts: Collection[str], rarity: Mapping[str, float]) -> Facts:
        """How much of a name's parts stands around the cursor, the rare ones counting more."""
        scope = self._scope
        whole = nearby = awaited = begun = purpose = 0.0
        for part in parts:
            rare = rarity[part]
            whole += rare
            nearby += rare * scope.parts.get(part, 0.0)
            awaited += rare * (part in scope.awaited)
            begun += rare * (part in scope.beginning)
            purpose += rare * (part in scope.purpose)
        return {
            _ALIKE_NEARBY: nearby / whole,
            _ALIKE_AWAITED: awaited / whole,
            _ALIKE_BEGUN: begun / whole,
            _ALIKE_PURPOSE: purpose / whole,
        }

    @cached_property
    def _relation(self) -> Fact | None:
        """What it says of a symbol that it is no member of the receiver at the cursor."""
        receiver = self._evidence.receiver
        if receiver is None:
            return None
        return Fact.NOT_OF_RECEIVER if receiver.entities else Fact.NOT_OF_UNKNOWN_RECEIVER

    @cached_property
    def _used_with(self) -> Mapping[str, float]:
        """What stands beside the words at the cursor in other files."""
        near = {word: near for word, near in self._scope.words.items() if near > _CLOSE and len(word) > 1}
        return self._neighbours.used_with(near)

    @cached_property
    def _package(self) -> frozenset[str]:
        """The files in which even private names can be seen, where a package is what hides them."""
        return frozenset(self._names.package(None, self._names.path) if self._names.grammar.exported_name else ())
