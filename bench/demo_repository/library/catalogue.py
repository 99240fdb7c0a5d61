"""The books that the library owns, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Book:
    isbn: str
    title: str
    author: str
    copies: int = 1


class Catalogue:
    """All books, by ISBN."""

    def __init__(self, books: list[Book]) -> None:
        self._books = {book.isbn: book for book in books}

    def find_by_isbn(self, isbn: str) -> Book | None:
        """The book of this number; None where the library has no such book."""
        return self._books.get(isbn)

    def written_by(self, author: str) -> list[Book]:
        """The author's books, by title."""
        found = [book for book in self._books.values() if book.author == author]
        return sorted(found, key=lambda book: book.title)

    def remove_book(self, isbn: str) -> None:
        del self._books[isbn]
