"""Types that the files beside this one use and that stand in files with their names: of a package of many files, not
all are looked into."""

from __future__ import annotations

from ..facts import Fact
from ..names.entities import Symbol
from .notebook import Evidence


def note(evidence: Evidence) -> None:
    names = evidence.names
    ending = "." + names.path.rpartition(".")[2]
    known = {names.definition(symbol).name for symbol in evidence.facts}
    for name in evidence.neighbours.counts:
        if name in known or not name[:1].isupper() or not names.project.paths.named(name + ending):
            continue
        for entity in names.find(name, names.path):
            if isinstance(entity, Symbol):
                evidence.note(entity, Fact.NAMED_FILE, 1.0, "used in files beside this one")
