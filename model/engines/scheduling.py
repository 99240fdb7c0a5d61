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
AHEAD_PATIENCE_S = 10.0
"""The same where nobody has asked for it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a request has on its side. `number`: of its arrival. `expected_s`: of the device, as far as that is known:
    what it has had, and what its prompt will take. `waited_s`: since its last pass, or its arrival."""

    number: int
    is_ahead: bool
    expected_s: float
    waited_s: float

    @property
    def is_overdue(self) -> bool:
        return self.waited_s > (AHEAD_PATIENCE_S if self.is_ahead else PATIENCE_S)

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
