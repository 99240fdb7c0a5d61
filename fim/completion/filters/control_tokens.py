"""Control tokens that a model spells as text: those of other tokenizers, or with other bars than the right ones."""

from __future__ import annotations

import re

from .hole import Hole

_SPELLED = re.compile(
    r"(?P<bars><[|｜][A-Za-z][\w▁-]{2,40}[|｜]>)"
    r"|(?P<tag></s>|(?<![\w<])<s>|(?<!<)<(?:PRE|SUF|MID)>)"
    r"|(?<!<)<(?:fim[_-]\w{1,20}|extra_id_\d{1,3}|jupyter_\w{1,20}|commit_\w{1,20}"
    r"|file_sep|repo_name|reponame|gh_stars|endoftext|EOT|EOD)>"
    r"|(?<!\w)\[/?INST\]|<</?SYS>>"
)
_HALF = re.compile(r"<(?:｜|\|(?=fim|end|eot|im_|file_))[\w▁-]{0,40}[|｜]?\Z")
_LONGEST_HALF = 50
_ENDS = re.compile(r"end.?of|endoftext|im_end|eot|eod|/s", re.IGNORECASE)
_MARKUP = frozenset({"html", "java-server-pages", "javascript", "markdown", "php", "ruby", "typescript", "xslt"})


def without_control_tokens(text: str, hole: Hole) -> str:
    """Ends the text at a control token, and drops those that it starts with. Text that the document spells as such
    stays."""
    start = 0
    last = hole.before[-1:]
    for found in _SPELLED.finditer(last + text, len(last)):
        place, end = found.start() - len(last), found.end() - len(last)
        if _is_text(found, hole):
            continue
        if text[start:place].strip() or _ENDS.search(found[0]):
            return text[start:place]
        start = end
    half = _HALF.search(text, max(start, len(text) - _LONGEST_HALF))
    if half is None or _stands_in(hole, half[0][:2]):
        return text[start:]
    return text[start : half.start()]


def _is_text(found: re.Match[str], hole: Hole) -> bool:
    language = hole.document.language
    if found.lastgroup == "tag" and language is not None and language.name in _MARKUP:
        return True
    if found.lastgroup == "bars":
        return _stands_in(hole, found[0][:2])
    return _stands_in(hole, found[0])


def _stands_in(hole: Hole, spelling: str) -> bool:
    return any(spelling in line for line in hole.document.lines)
