"""Who may borrow, and what they owe."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_LOANS = 5


@dataclass
class Member:
    """Somebody with a library card."""

    card_number: str
    full_name: str
    fees_cents: int = 0
    borrowed_isbns: list[str] = field(default_factory=list)

    def may_borrow(self) -> bool:
        """Whether neither fees nor too many loans stand against another one."""
        return self.fees_cents == 0 and len(self.borrowed_isbns) < MAX_LOANS

    def charge_fee(self, cents: int) -> None:
        """Adds to what the member owes."""
        self.fees_cents += cents
