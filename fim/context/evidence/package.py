"""What the document sees without an import: the other files of its package."""

from __future__ import annotations

from collections.abc import Iterator
from math import log

from ..facts import Fact
from ..names.entities import Symbol
from .notebook import Evidence


def note(evidence: Evidence) -> None:
    names = evidence.names
    symbols: list[Symbol] = []
    for rank, file in enumerate(names.package(None, names.path)):
        for symbol in _top_of(evidence, file):
            if symbol in evidence.facts or evidence.occurs(names.definition(symbol).name):
                evidence.note(symbol, Fact.PACKAGE_RANK, log(1 + rank), "same package")
            symbols.append(symbol)
    evidence.note_group(symbols, Fact.PACKAGE, 1.0, "same package")


def _top_of(evidence: Evidence, file: str) -> Iterator[Symbol]:
    for numbers in evidence.names.outline(file).top.values():
        for number in numbers:
            yield Symbol(file, number)
