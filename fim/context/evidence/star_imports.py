"""What the document has in scope by `import *` and by includes."""

from __future__ import annotations

from ..facts import Fact
from ..names.entities import Module, Symbol
from .notebook import Evidence

_MAX_SYMBOLS = 4000


def note(evidence: Evidence) -> None:
    if evidence.names.grammar.open_namespaces:
        _note_includes(evidence)
    else:
        _note_stars(evidence)


def _note_includes(evidence: Evidence) -> None:
    names, used = evidence.names, evidence.scope.counts
    for symbols in names.included():
        evidence.note_group(symbols, Fact.STAR, 1.0, "included here")
        if not any(names.definition(symbol).name in used for symbol in symbols):
            evidence.note_group(symbols, Fact.UNUSED_HEADER, 1.0, "included here, and nothing of it used yet")


def _note_stars(evidence: Evidence) -> None:
    names = evidence.names
    seen = {names.path}
    symbols: list[Symbol] = []
    for item in evidence.scope.outline.bound.get("*", ()):
        files = names.modules(item.module, None, names.path)
        symbols += names.contents(Module(item.module, names.path, files), seen=seen)
    evidence.note_group(symbols[:_MAX_SYMBOLS], Fact.STAR, 1.0, "included here")
