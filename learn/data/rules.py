"""Stage 1: which files are code that people wrote, by the rules of StarCoder (arXiv:2305.06161) and DeepSeek Coder."""

from __future__ import annotations

import re

from ..cleaning import is_generated, is_test
from .markup import visible_text
from .source import LeftOut, Source

_MEAN_LINE_CHARACTERS = 100
_LONGEST_LINE_CHARACTERS = 1000
_LETTERS_SHARE = 0.25
_HEAD_CHARACTERS = 100
_VISIBLE_SHARE = 0.2
_VISIBLE_CHARACTERS = 100
_DATA_CHARACTERS = range(50, 5001)

_DATA = {"json", "yaml"}
_OF_OTHERS = re.compile(
    r"(?:^|/)(?:_?vendor(?:ed|s)?|third[_-]?party|externals?|site-packages|node_modules|bower_components|Pods|Carthage)/"
)
_MINIFIED = re.compile(r"[.-](?:min|bundle)\.(?:js|css|mjs|cjs)$")
_GENERATED_PATH = re.compile(
    r"_pb2(?:_grpc)?\.pyi?$|\.pb(?:\.gw)?\.(?:go|cc|h)$|\.g\.(?:dart|cs)$|\.designer\.(?:cs|vb)$|[._-]generated\.\w+$"
    r"|(?:^|/)(?:package-lock\.json|pnpm-lock\.yaml|composer\.lock|Cargo\.lock|poetry\.lock)$",
    re.IGNORECASE,
)
_TEST_NAME = re.compile(
    r"(?:^|/)(?:__tests__|specs?|testdata)/|_test\.\w+$|[._-](?:test|spec)\.\w+$|(?:^|/)\w*Tests?\.(?:java|kt|cs|swift|scala|php)$"
)


def check_path(path: str, *, tests: bool) -> None:
    """Raises `LeftOut` for a file that is left out because of its name, whatever stands in it."""
    if _OF_OTHERS.search(path):
        raise LeftOut("vendored")
    if _MINIFIED.search(path):
        raise LeftOut("minified")
    if _GENERATED_PATH.search(path):
        raise LeftOut("generated")
    if not tests and (is_test(path) or _TEST_NAME.search(path)):
        raise LeftOut("test")


def check_text(source: Source) -> None:
    """Raises `LeftOut` for a text that is not worth learning from."""
    text, name = source.text, source.language.name
    lines = text.split("\n")
    characters = len(text)
    if not text.strip():
        raise LeftOut("empty")
    if max(map(len, lines)) > _LONGEST_LINE_CHARACTERS:
        raise LeftOut(f"a line of more than {_LONGEST_LINE_CHARACTERS} characters")
    if characters > _MEAN_LINE_CHARACTERS * text.count("\n") + _MEAN_LINE_CHARACTERS:
        raise LeftOut(f"lines of more than {_MEAN_LINE_CHARACTERS} characters on average")
    if sum(map(str.isalnum, text)) < _LETTERS_SHARE * characters:
        raise LeftOut(f"less than {_LETTERS_SHARE:.0%} letters and digits")
    if not source.path.endswith((".xsl", ".xslt")) and "<?xml version=" in text[:_HEAD_CHARACTERS]:
        raise LeftOut("XML")
    if source.path.lower().endswith((".html", ".htm")):
        visible = len(visible_text(text))
        if visible < _VISIBLE_CHARACTERS or visible < _VISIBLE_SHARE * characters:
            raise LeftOut("markup with little text")
    if name in _DATA and characters not in _DATA_CHARACTERS:
        raise LeftOut("data of unusual size")
    if is_generated(text):
        raise LeftOut("generated")
