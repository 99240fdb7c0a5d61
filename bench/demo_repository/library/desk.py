"""The desk at the entrance, where books are borrowed and brought back."""

from __future__ import annotations

from datetime import date

from .catalogue import Book, Catalogue
from .loans import Loan, open_loan
from .members import Member


class Desk:
    """Hands out books and takes them back."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.loans: list[Loan] = []

    def borrow(self, isbn: str, member: Member, today: date) -> Loan | None:
        """A new loan; None where there is no such book, or the member may have no more."""
        book = self.catalogue.find_by_isbn(isbn)
        if book is None or not member.may_borrow():
            return None
        loan = open_loan(book, member, today)
        self.loans.append(loan)
        return loan

    def take_back(self, loan: Loan, today: date) -> None:
        """Ends a loan, and charges what its lateness costs."""
        self.loans.remove(loan)
        loan.member.borrowed_isbns.remove(loan.book.isbn)
        loan.member.charge_fee(loan.late_fee_cents(today))

    def books_of(self, member: Member) -> list[Book]:
        """What a member has at home."""
        return [loan.book for loan in self.loans if loan.member is member]

    def reminder(self, loan: Loan, today: date) -> str:
        """What a late member is told."""
        days = loan.days_late(today)
        return f"{loan.member.full_name}: {loan.book.title} is {days} days late"
