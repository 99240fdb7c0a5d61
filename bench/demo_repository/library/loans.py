"""Loans, their due dates, and the fees for coming late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from .catalogue import Book
from .members import Member

LOAN_DAYS = 28
CENTS_PER_DAY = 20


@dataclass
class Loan:
    """One book in a member's hands."""

    book: Book
    member: Member
    due_date: date

    def days_late(self, today: date) -> int:
        return max(0, (today - self.due_date).days)

    def late_fee_cents(self, today: date) -> int:
        """What a return on this day costs."""
        return CENTS_PER_DAY * self.days_late(today)

    def renew(self) -> None:
        self.due_date += timedelta(days=LOAN_DAYS)


def open_loan(book: Book, member: Member, today: date) -> Loan:
    """Hands out a book until `LOAN_DAYS` from now."""
    member.borrowed_isbns.append(book.isbn)
    return Loan(book=book, member=member, due_date=today + timedelta(days=LOAN_DAYS))
