"""Code with its comments and strings blanked: what is left keeps its place, so that columns and lines stay true."""

from __future__ import annotations

import re

_SLASHES = r"//[^\n]*|/\*.*?\*/"
_QUOTED = r'"""(?:.*?)"""|"(?:\\.|[^"\\\n])*"'
_SINGLE = r"'(?:\\.|[^'\\\n])*'"
_CHARACTER = r"'(?:\\[^'\n]{1,9}|[^'\\\n])'"
_C_LIKE = (_SLASHES, _QUOTED, _CHARACTER)
_PARTS = {
    "ruby": (
        r"^=begin.*?^=end",
        r"<<[-~]?(['\"]?)([A-Z]\w*)\1[^\n]*\n.*?^\s*\2\b",
        _QUOTED,
        _SINGLE,
        r"`[^`\n]*`",
        r"%[wiqQ]?[\[({][^\])}]*[\])}]",
        r"#[^\n]*",
    ),
    "php": (
        _SLASHES,
        r"\#(?!\[)[^\n]*",
        r"<<<\s*['\"]?(\w+)['\"]?\n.*?^\s*\1\b",
        r'"(?:\\.|[^"\\])*"',
        r"'(?:\\.|[^'\\])*'",
    ),
    "lua": (r"--\[(=*)\[.*?\]\1\]", r"--[^\n]*", r"\[\[.*?\]\]", _QUOTED, _SINGLE),
    "rust": (_SLASHES, r'r(#+)".*?"\1', _QUOTED, _CHARACTER),
    "cpp": (_SLASHES, r'R"(\w*)\(.*?\)\1"', _QUOTED, _CHARACTER),
    "csharp": (_SLASHES, r'@"(?:""|[^"])*"', _QUOTED, _CHARACTER),
}
_PATTERNS = {
    name: re.compile("|".join(parts), re.DOTALL | re.MULTILINE) for name, parts in {**_PARTS, "": _C_LIKE}.items()
}


def mask(text: str, language: str) -> str:
    """`text` with a space for each character of a comment or a string; ends of lines stay."""
    pattern = _PATTERNS.get(language, _PATTERNS[""])
    return pattern.sub(lambda found: re.sub(r"[^\r\n]", " ", found[0]), text)
