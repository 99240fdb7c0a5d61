"""What speaks for symbols by their names alone, where no import, type or package leads to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from typing import TYPE_CHECKING

from ..names.chains import parse_chain
from ..names.entities import Symbol
from ..names.usage import likely_type
from .nearby_definitions import files_around, namesakes

if TYPE_CHECKING:
    from .evidence import Evidence


def note_by_name(evidence: Evidence) -> None:
    """Adds to the evidence of one cursor."""
    _note_around(evidence)
    _note_called_as_files(evidence)


def _note_around(evidence: Evidence) -> None:
    """What is defined in the files around under names that the document or its neighbours use."""
    if not evidence.names.grammar.by_name:
        return
    project, path = evidence.names.project, evidence.names.path
    words = evidence.neighbours.counts.keys() | evidence.scope.counts.keys()
    files = files_around(path, project, evidence.names.grammar.resolver)
    found = dict(namesakes(words, files, project.glance))
    meant = {evidence.names.definition(symbol).name for symbol, facts in evidence.facts.items() if "named" in facts}
    wanted = evidence.receiver is not None and not evidence.receiver[2]
    needs_import = "*" not in evidence.names.grammar.roots
    for name, symbols in found.items():
        reason = f"`{name}` is used here or nearby"
        for symbol in symbols:
            member = evidence.names.definition(symbol).owner is not None
            if name in meant and not member:
                continue
            evidence.note(symbol, "around", 1.0, reason)
            evidence.note(symbol, "around: crowd", log(1 + len(symbols)), reason)
            if wanted and member:
                evidence.note(symbol, "around: member wanted", 1.0, reason)
            if needs_import and not member:
                evidence.note(symbol, "around: not imported", 1.0, reason)
    _note_likely_types(evidence, found)


def _note_likely_types(evidence: Evidence, defined: Mapping[str, Sequence[Symbol]]) -> None:
    """The types of the variables nearby that only their use tells."""
    own, beside = evidence.scope.uses, evidence.neighbours.uses
    expression = parse_chain(evidence.receiver[0]) if evidence.receiver and not evidence.receiver[2] else ()
    receiver = expression[-1].name if expression else ""
    for name, nearness in {**evidence.scope.words, receiver: 1.0}.items():
        used = own.get(name, frozenset()) | beside.get(name, frozenset())
        known = name in evidence.names.grammar.self or (name != receiver and evidence.types.denoted(parse_chain(name)))
        likely = None if known else likely_type(used, defined, lambda symbol: evidence.names.definition(symbol).owner)
        if likely is None:
            continue
        fact = "likely receiver" if name == receiver else "likely type nearby"
        for number in evidence.names.outline(likely.path).members[likely.owner]:
            symbol, reason = Symbol(likely.path, number), f"used as `{name}` is"
            evidence.note(symbol, fact, nearness * likely.share, reason)
            evidence.note(symbol, f"{fact}: alike", nearness * log(likely.alike), reason)


def _note_called_as_files(evidence: Evidence) -> None:
    """Types in sight that the files beside this one use, in files with their names: of a package of many files,
    not all are looked into."""
    paths, ending = evidence.names.project.paths, "." + evidence.names.path.rpartition(".")[2]
    known = {evidence.names.definition(symbol).name for symbol in evidence.facts}
    used = (name for name in evidence.neighbours.counts if name not in known and name[:1].isupper())
    for name in (name for name in used if paths.named(name + ending)):
        for entity in evidence.names.find(name, evidence.names.path):
            if isinstance(entity, Symbol):
                evidence.note(entity, "in sight", 1.0, "used in files beside this one")
