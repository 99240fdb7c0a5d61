"""What stands on the cursor's line already, and a model writes again."""

from __future__ import annotations

import re

from .hole import Hole

_KEYWORD = re.compile(
    r"(?:return|yield|raise|throw|if|elif|else|unless|while|until|for|switch|match|case|when|def|class|fn|func|function"
    r"|import|from|export|use|using|package|const|let|var|val|local|static|public|private|protected|struct|enum|type"
    r"|interface|assert|with|select|insert|update|delete|create|echo|print|puts)\s",
    re.IGNORECASE,
)
_ASSIGNMENT = re.compile(r"[^\s=!<>()][^=!<>]{0,200}[\w\])\"' :+*/%&|^-]=(?![=>~])")
_KEY = re.compile(r"(?:-\s{1,9})?[\"']?[\w.-]{1,99}[\"']?\s{0,9}:\s{0,9}\Z")
_RECEIVER = re.compile(r"(?<![\w.])(?:self|this)\.\Z")
_WORD = re.compile(r"(?<!\w)[^\W\d]\w{2,99}\Z")
_FIRST_WORD = re.compile(r"\w{1,99}")


def without_line_start(text: str, hole: Hole) -> str:
    """Drops the beginning of the line, or the word at the cursor, from the start of the text.

    What can be within itself stays: `f(f(` may be meant.
    """
    written = text.lstrip(" \t")
    start = hole.before.lstrip()
    if hole.in_string:
        return _without_quote(text, hole)
    if start.strip() and written.startswith(start) and _is_head(start):
        return written[len(start) :]
    receiver = _RECEIVER.search(hole.before)
    if receiver is not None and text.startswith(receiver[0]):
        return text[len(receiver[0]) :]
    return _without_word(text, hole)


def _is_head(start: str) -> bool:
    return any(pattern.match(start) for pattern in (_KEYWORD, _ASSIGNMENT, _KEY))


def _without_quote(text: str, hole: Hole) -> str:
    """A string that was opened just before the cursor is not opened again: where the line closes it, too."""
    quote = hole.rule.balance.opened[-1].text
    line = text.partition("\n")[0]
    if len(quote) > 1 or not hole.before.endswith(quote) or not line.startswith(quote):
        return text
    quotes = line.replace("\\" + quote, "").count(quote)
    return text if quotes % 2 or line.startswith(2 * quote) else text[len(quote) :]


def _without_word(text: str, hole: Hole) -> str:
    typed = _WORD.search(hole.before)
    if typed is None or not hole.is_code or not text.startswith(typed[0]):
        return text
    word = _FIRST_WORD.match(text)
    twice = typed[0] + (word[0] if word else "")
    return text if any(twice in line for line in hole.document.lines) else text[len(typed[0]) :]
