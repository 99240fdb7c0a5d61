"""Prompts that a client has put together itself, with control tokens as text: read here, and nowhere else.

Zed, Continue and others send `<｜fim▁begin｜>`, text, `<｜fim▁hole｜>`, text, `<｜fim▁end｜>`. Only the one
well-formed sequence of the loaded model's own tokens counts; what stands in the code of a user beside it stays text,
as it does in an editor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ... import fim
from .errors import refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """What stands before and behind the place that is to be filled."""

    prefix: str
    suffix: str


def hole_in(prompt: str, format: fim.Format) -> Hole | None:
    """The hole of a prompt in a model's own form, the begin token optional; None where it has another form.

    Raises `HttpError` where it has that form, but a token that divides it stands in it twice: nobody could say which
    one is meant.
    """
    pieces = list(format.pieces)
    first, last = pieces[0], pieces[-1]
    if isinstance(first, fim.Special) and isinstance(pieces[1], fim.Special):  # what begins every text
        prompt = prompt.removeprefix(first.token)
        pieces = pieces[1:]
        first = pieces[0]
    if not isinstance(first, fim.Special) or not prompt.startswith(first.token):
        return None
    rest = prompt[len(first.token) :]
    pieces = pieces[1:]
    if isinstance(last, fim.Special):
        if not rest.endswith(last.token):
            return None
        rest = rest[: len(rest) - len(last.token)]
        pieces = pieces[:-1]
    return _divided(rest, pieces)


def _divided(text: str, pieces: Sequence[fim.Special | fim.Slot]) -> Hole | None:
    """The texts of a form that is text, token, text."""
    if len(pieces) != 3 or not isinstance(pieces[1], fim.Special):
        return None
    one, other = pieces[0], pieces[2]
    if isinstance(one, fim.Special) or isinstance(other, fim.Special) or {one.name, other.name} != {"prefix", "suffix"}:
        return None
    parts = text.split(pieces[1].token)
    if len(parts) == 1:
        return None
    if len(parts) > 2:
        raise refused("prompt", f"{pieces[1].token} stands in the prompt {len(parts) - 1} times.")
    texts = {one.name: parts[0], other.name: parts[1]}
    return Hole(prefix=texts["prefix"], suffix=texts["suffix"])
