"""Other files that somebody has chosen already, as context: no import is followed, and nothing is ranked."""

from __future__ import annotations

from collections.abc import Sequence

from ..languages import language_of_path
from ..prompt.budget import Count
from ..text import split_lines, with_newlines
from .gather import Context
from .packing import Part, header


def given_context(files: Sequence[tuple[str, str]], limit_tokens: int, count: Count) -> Context:
    """The context of `files`, paths and texts, the most important last, which stay in their order. Those that do not
    fit into `limit_tokens` any more are left out, whole."""
    parts: list[Part] = []
    left = limit_tokens
    for path, text in reversed(files):
        whole = with_newlines(text)
        if not whole.strip():
            continue
        named = (header(path, language_of_path(path)) if path else "") + whole + ("" if whole.endswith("\n") else "\n")
        tokens = sum(map(count, split_lines(named)))
        if tokens <= left:
            left -= tokens
            parts.append(Part(path=path, kind="given", reason="it was sent along", text=named, tokens=tokens))
    return Context(parts=tuple(reversed(parts)))
