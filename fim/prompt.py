"""From a document and a cursor to the typed prompt."""

from __future__ import annotations

from dataclasses import dataclass

from .budget import Budget, Count, windows
from .formats import Format, Slot, Special, Text
from .text import Cursor, Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the model is given: `pieces` in order, and the two texts among them."""

    pieces: tuple[Text | Special, ...]
    prefix: str
    suffix: str

    @property
    def text(self) -> str:
        """The prompt as one string, for people: to a tokenizer, only `pieces` mean what they should."""
        return "".join(piece.text if isinstance(piece, Text) else piece.token for piece in self.pieces)


def build_prompt(document: Document, cursor: Cursor, format: Format, budget: Budget, count: Count) -> Prompt:
    """The prompt for the hole at `cursor`. Empty texts make no piece."""
    shown = windows(document, cursor, budget, count)
    texts = {"prefix": shown.prefix, "suffix": shown.suffix if format.fills_in else ""}
    filled = (Text(texts[piece.name]) if isinstance(piece, Slot) else piece for piece in format.pieces)
    return Prompt(pieces=tuple(piece for piece in filled if piece != Text("")), **texts)
