"""What a reader of a web page sees of its source. One pass, whatever the source says."""

from __future__ import annotations

from collections.abc import Iterator

_HIDDEN = (("<!--", "-->"), ("<script", "</script"), ("<style", "</style"))


def visible_text(source: str) -> str:
    """The text outside of tags, comments, scripts and style sheets, with its white space collapsed. What is never
    closed hides all that follows."""
    return " ".join(" ".join(_visible(source)).split())


def _visible(source: str) -> Iterator[str]:
    lowered = source.lower()
    if len(lowered) != len(source):  # some capital letters have two small ones
        lowered = source
    place = 0
    while (start := source.find("<", place)) >= 0:
        yield source[place:start]
        closing = next((end for begin, end in _HIDDEN if lowered.startswith(begin, start)), None)
        if closing is not None:
            start = lowered.find(closing, start)
            if start < 0:
                return
        place = source.find(">", start) + 1
        if not place:
            return
    yield source[place:]
