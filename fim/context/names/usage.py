"""How variables are used: which members are written after each name. Files of one folder tend to name alike what is of
one type, and so what is used with a name tells the type of a variable that nothing else tells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...text import stretches
from .entities import Symbol

_MEMBER = re.compile(r"(?<!\w)([A-Za-z_]\w*)(?:\(\))?(?:\.|\?\.|&\.|->|:(?!:))(?=([A-Za-z_]\w*))")

Uses = Mapping[str, frozenset[str]]
"""The members that are used with each name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likely:
    """A type that has the members which are used with a name. `share`: how much of them, the rare ones counting more;
    `alike`: how many."""

    path: str
    owner: str
    share: float
    alike: int


def members_used(lines: Iterable[str]) -> Uses:
    """The members that lines use with each name."""
    found: dict[str, set[str]] = {}
    for text in stretches(lines):
        for name, member in _MEMBER.findall(text):
            found.setdefault(name, set()).add(member)
    return {name: frozenset(members) for name, members in found.items()}


def all_used(files: Iterable[Uses]) -> Uses:
    """The uses of several files together."""
    found: dict[str, frozenset[str]] = {}
    for uses in files:
        for name, members in uses.items():
            found[name] = found.get(name, frozenset()) | members
    return found


def likely_type(
    used: Iterable[str], defined: Mapping[str, Sequence[Symbol]], owner_of: Callable[[Symbol], str | None]
) -> Likely | None:
    """The type around that has most of the members `used`. `defined`: what is defined around, by name."""
    weight, alike, total = dict[tuple[str, str], float](), dict[tuple[str, str], int](), 0.0
    for member in used:
        found = ((symbol.path, owner_of(symbol)) for symbol in defined.get(member, ()))
        owners = {(path, owner) for path, owner in found if owner is not None}
        total += 1 / len(owners) if owners else 0.0
        for owner in owners:
            weight[owner] = weight.get(owner, 0.0) + 1 / len(owners)
            alike[owner] = alike.get(owner, 0) + 1
    if not weight:
        return None
    best = max(weight, key=lambda owner: (weight[owner], owner))
    return Likely(path=best[0], owner=best[1], share=weight[best] / total, alike=alike[best])
