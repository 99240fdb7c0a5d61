"""Code with a `▮` where the cursor is, as tests write it."""

from __future__ import annotations

from seekline import fim

MARK = "▮"


def place(code: str, path: str = "main.py") -> tuple[fim.Document, fim.Cursor]:
    """The document without its mark, and the cursor where it was."""
    before, found, after = code.partition(MARK)
    assert found, "the code has no cursor mark"
    above = fim.split_lines(before)
    on_line = bool(above) and not above[-1].endswith(("\n", "\r"))
    cursor = fim.Cursor(
        line=len(above) - on_line,
        column=len(above[-1]) if on_line else 0,
    )
    document = fim.Document(
        path=path, language=fim.language_of_path(path), lines=tuple(fim.split_lines(before + after))
    )
    return document, cursor
