"""Prompts that a client has put together itself, with control tokens as text: read here, and nowhere else.

Zed, Continue and others send `<｜fim▁begin｜>`, text, `<｜fim▁hole｜>`, text, `<｜fim▁end｜>`. Only the one
well-formed sequence of the loaded model's own tokens counts; what stands in the code of a user beside it stays text,
as it does in an editor.
"""

from __future__ import annotations

from dataclasses import dataclass

from ... import fim


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """What stands before and behind the place that is to be filled."""

    prefix: str
    suffix: str


def hole_in(prompt: str, format: fim.Format) -> Hole | None:
    """The hole of a prompt in a model's own form, the begin token optional; None where it has another form.

    The prompt begins with the form's first token and ends with its last. Of the token between them there is one, else
    nobody could say which one is meant: then it is None, too.
    """
    marks = [piece.token for piece in format.pieces if isinstance(piece, fim.Special)]
    slots = [piece.name for piece in format.pieces if not isinstance(piece, fim.Special)]
    texts = [name for name in slots if name != "path"]
    if set(texts) != {"prefix", "suffix"}:
        return None
    if len(marks) == 4:  # the first one begins every text
        prompt = prompt.removeprefix(marks[0])
        marks = marks[1:]
    if len(marks) != 3:
        return None
    order = _ordered(format, marks)
    if order is None:
        return None
    first, middle, last = order
    if not (prompt.startswith(first) and prompt.endswith(last)):
        return None
    inside = prompt[len(first) : len(prompt) - len(last)]
    if inside.count(middle) != 1:
        return None
    parts = dict(zip(texts, inside.split(middle), strict=True))
    return Hole(prefix=parts["prefix"], suffix=parts["suffix"])


def _ordered(format: fim.Format, marks: list[str]) -> tuple[str, str, str] | None:
    """The three tokens where the form is token, text, token, text, token."""
    kinds = [isinstance(piece, fim.Special) for piece in format.pieces][-5:]
    return (marks[0], marks[1], marks[2]) if kinds == [True, False, True, False, True] else None
