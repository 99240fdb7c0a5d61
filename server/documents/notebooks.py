"""Which cells a notebook has, in which order. Their texts are documents of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .rope import Rope, TextPiece

_NEAR_CHARACTERS = 200_000
"""Of other cells, above a cell and below it: no prompt has room for more."""


class Notebooks:
    """The open notebooks by their URIs, each with the URIs of its cells."""

    def __init__(self) -> None:
        self._cells: dict[str, list[str]] = {}
        self._notebooks: dict[str, str] = {}  # by cell

    def __contains__(self, notebook: str) -> bool:
        return notebook in self._cells

    def has_cell(self, uri: str) -> bool:
        return uri in self._notebooks

    def cells(self, notebook: str) -> Sequence[str]:
        return tuple(self._cells.get(notebook, ()))

    def open(self, notebook: str, cells: Iterable[str]) -> None:
        self.close(notebook)
        self._cells[notebook] = []
        self.splice(notebook, 0, 0, cells)

    def splice(self, notebook: str, start: int, delete_count: int, cells: Iterable[str]) -> None:
        """Puts cells in the place of others of an open notebook. Places beyond its end are its end."""
        now = self._cells[notebook]
        start = max(0, start)
        end = start + max(0, delete_count)
        for gone in now[start:end]:
            self._notebooks.pop(gone, None)
        now[start:end] = cells
        for cell in now:
            self._notebooks[cell] = notebook

    def close(self, notebook: str) -> None:
        for cell in self._cells.pop(notebook, ()):
            self._notebooks.pop(cell, None)

    def around(self, cell: str) -> tuple[Sequence[str], Sequence[str]]:
        """The cells above one and those below it; none where it is in no notebook."""
        cells = self.cells(self._notebooks.get(cell, ""))
        if cell not in cells:
            return (), ()
        place = cells.index(cell)
        return cells[:place], cells[place + 1 :]


def above(cells: Sequence[Rope]) -> Rope:
    """The nearest of the cells above one, as one text: an empty line behind each."""
    near = list(_nearest(reversed(cells)))
    return _joined(reversed(near))


def below(cells: Sequence[Rope]) -> Rope:
    """The same for the cells below."""
    return _joined(_nearest(cells))


def _nearest(cells: Iterable[Rope]) -> Iterator[Rope]:
    room = _NEAR_CHARACTERS
    for cell in cells:
        room -= cell.characters
        if room < 0:
            return
        if not cell.is_blank:
            yield cell


def _joined(cells: Iterable[Rope]) -> Rope:
    pieces: list[TextPiece] = []
    for cell in cells:
        pieces += cell.as_paragraph.pieces
    return Rope(tuple(pieces))
