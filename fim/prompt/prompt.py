"""From a document and a cursor to the typed prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..context import NOTHING, Context, Part, header
from ..text import Cursor, Document, split_lines
from .budget import Budget, Count, windows
from .formats import Format, Slot, Special, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the model is given: `pieces` in order, the two texts among them, and the `parts` of other files that the
    prefix starts with. `must_start`: what the model has to write first, since the prefix lacks it."""

    pieces: tuple[Text | Special, ...]
    prefix: str
    suffix: str
    must_start: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def text(self) -> str:
        """The prompt as one string, for people: to a tokenizer, only `pieces` mean what they should."""
        return "".join(piece.text if isinstance(piece, Text) else piece.token for piece in self.pieces)


def build_prompt(
    document: Document,
    cursor: Cursor,
    format: Format,
    budget: Budget,
    count: Count,
    context: Context = NOTHING,
    must_start: str = "",
) -> Prompt:
    """The prompt for the hole at `cursor`, with the context of other files at the head of the prefix, which is where
    DeepSeek Coder saw it in training. Empty texts make no piece. `must_start`: the end of the line before the cursor
    that the prompt leaves to the model."""
    head = context.text + header(document.path, document.language) if context.parts else ""
    path = f"{document.path}\n" if Slot("path") in format.pieces else ""
    room = budget.prefix_tokens - sum(count(line) for line in split_lines(path + head))
    shown = windows(document, cursor, replace(budget, prefix_tokens=max(0, room)), count, anchors=context.anchors)
    prefix = shown.prefix.removesuffix(must_start)
    if not (head or prefix or format.control_tokens):
        prefix = shown.prefix  # a model needs something to go on with
    left = must_start if len(prefix) < len(shown.prefix) else ""
    texts = {"prefix": head + prefix, "suffix": shown.suffix if format.fills_in else ""}
    return Prompt(pieces=_filled(format, {**texts, "path": path}), parts=context.parts, must_start=left, **texts)


def _filled(format: Format, texts: Mapping[str, str]) -> tuple[Text | Special, ...]:
    filled: list[Text | Special] = []
    for piece in format.pieces:
        if isinstance(piece, Special):
            filled.append(piece)
        elif texts[piece.name]:
            filled.append(Text(texts[piece.name]))
    return tuple(filled)
