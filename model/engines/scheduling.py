"""Whose turn it is on a device: the policy alone, which knows no thread, model or request.

Turns are passes: a chunk of a prompt, or a decode step. Shortest job first, where the time of a prompt is known
beforehand, and that of a text from what it has used: a typed character goes before a large prompt, whichever came
first, and a new request before one that writes on and on. Of requests that are alike the newest goes first: it is what
its user looks at. What nobody has asked for yet comes behind all that somebody waits for. And whoever has waited too
long takes every other turn: nobody waits for ever, and that costs the others a pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PATIENCE_S = 2.0
"""Without a pass."""
PATIENCE_PASSES = 6
"""Of a prompt, than which it is no shorter: on a slow device, a typed character takes longer than two seconds."""
AHEAD_PATIENCE = 5.0
"""So many times as long where nobody has asked for it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a request has on its side. `number`: of its arrival. `expected_s`: of the device, as far as that is known:
    what it has had, and what its prompt will take. `waited_s`: since its last pass, or its arrival. `pass_s`: of a
    prompt, on this device."""

    number: int
    is_ahead: bool
    expected_s: float
    waited_s: float
    pass_s: float

    @property
    def is_overdue(self) -> bool:
        patience_s = max(PATIENCE_S, PATIENCE_PASSES * self.pass_s)
        return self.waited_s > patience_s * (AHEAD_PATIENCE if self.is_ahead else 1)

    @property
    def rank(self) -> tuple[bool, float, int]:
        """The smallest has the first turn."""
        return self.is_ahead, self.expected_s, -self.number


def first_of(claims: Iterable[Claim], *, favours_overdue: bool) -> Claim:
    """Whose turn it is, of at least one. `favours_overdue`: the one that has waited longest, where that is too long;
    not so in the turn behind such a one."""
    claims = list(claims)
    overdue = [claim for claim in claims if claim.is_overdue]
    if favours_overdue and overdue:
        return max(overdue, key=lambda claim: claim.waited_s)
    return min(claims, key=lambda claim: claim.rank)
