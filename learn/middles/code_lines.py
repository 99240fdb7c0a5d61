"""Which lines are code: where it is worth asking a model, and measuring it."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Sequence

_LENGTHS = range(6, 161)
_HASH = ("#",)
_SLASHES = ("//", "/*", "*")
_COMMENT_STARTS = ("#", "//", "/*", "* ", "--")
_COMMENTS = {"python": _HASH, "ruby": _HASH, "lua": ("--",), "php": (*_HASH, *_SLASHES)}
_IMPORT = re.compile(
    r"^(import|from|package|use|pub(\(\w+\))? use|extern crate|mod|#|using|namespace|require\w*|include|load|autoload|"
    r"export \*|export \{|export type \{|open|(local|const|var|let) [^=]*= *require|@import|@_exported)\b|^[}\])];?,?$"
)
_OPENING_IMPORT = re.compile(r"^(import|from|use|pub(\([\w: ]+\))? use|export (type )?\{)\b")
_FORWARD = re.compile(r"(extern |friend )?(class|struct|enum|union) [\w:]+;")
_NAME = re.compile(r"[A-Za-z_]\w{2,}")
_LOOKS_LIKE_CODE = re.compile(
    r"[=()\[\]{}]|:\s*$|^\s*(?:return|import|from|raise|yield|assert|del|pass|break|continue|global|nonlocal)\b"
)
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def candidate_lines(lines: Sequence[str], language: str) -> list[int]:
    """Numbers (from 1) of lines of any language that are code with a name in them, and no import."""
    comments = _COMMENTS.get(language, _SLASHES)
    found: list[int] = []
    open_import = 0
    for number, line in enumerate(lines, 1):
        body = line.strip()
        if open_import or _OPENING_IMPORT.match(body):
            opened = sum(map(body.count, "({"))
            closed = sum(map(body.count, ")}"))
            open_import = max(0, open_import + opened - closed)
            continue
        if len(body) not in _LENGTHS or not body.isascii() or not _NAME.search(body):
            continue
        if not body.startswith(comments) and not _IMPORT.match(body) and not _FORWARD.match(body):
            found.append(number)
    return found


def looks_like_code(line: str) -> bool:
    """Whether one line is code rather than a comment or documentation, as far as it tells alone."""
    return not line.lstrip().startswith(_COMMENT_STARTS) and bool(_LOOKS_LIKE_CODE.search(line))


def python_code_lines(text: str) -> frozenset[int]:
    """Numbers from 0 of the lines with code: no comments, no documentation, none within a string. Odd text has none."""
    code: set[int] = set()
    strings: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.STRING and (token.start[0] != token.end[0] or token.line.strip() == token.string):
                strings.update(range(token.start[0] - 1, token.end[0]))
            elif token.type not in _NO_CODE:
                code.add(token.start[0] - 1)
    except (tokenize.TokenError, SyntaxError):
        return frozenset()
    return frozenset(code - strings)
