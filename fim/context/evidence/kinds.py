"""All kinds of evidence, in the order in which they are noted."""

from __future__ import annotations

from collections.abc import Callable

from ..names.members import Names
from ..scope import Scope
from . import (
    calls,
    expressions,
    imports,
    inherited,
    likely_types,
    literal,
    modules_nearby,
    named_files,
    nearby_definitions,
    package,
    receiver,
    star_imports,
    types_nearby,
    variables,
)
from .notebook import Evidence

Kind = Callable[[Evidence], None]

KINDS: tuple[Kind, ...] = (
    receiver.note,
    calls.note,
    literal.note,
    expressions.note,
    variables.note,
    types_nearby.note,  # of the expressions and variables above
    modules_nearby.note,
    imports.note,
    star_imports.note,
    inherited.note,
    package.note,
    nearby_definitions.note,
    likely_types.note,
    named_files.note,  # last: it looks for what nothing above has found
)


def collect_evidence(scope: Scope, names: Names) -> Evidence:
    """What all kinds note for the cursor of a scope."""
    evidence = Evidence(scope, names)
    for note in KINDS:
        note(evidence)
    return evidence
