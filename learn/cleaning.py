"""Which Python files are worth learning from, and what is cut off them."""

from __future__ import annotations

import re

_SHORTEST_CHARACTERS = 300
_LONGEST_BYTES = 200_000
_LONGEST_LINE_CHARACTERS = 240
_MEAN_LINE_CHARACTERS = 80
_DIGIT_SHARE = 0.12
_BEYOND_ASCII_SHARE = 0.05
_TAB_LINE_SHARE = 0.2

# Vendored copies have licences of their own; tables and generated code teach nothing.
_SKIPPED_PATH = re.compile(
    r"(^|/)(_?vendor(ed|s|ized)?|_vendored?_?\w*|third_?party|extern(al|s)?|site-packages|node_modules"
    r"|idlelib|pydoc_data|lib2to3/tests/data|encodings|locales?|migrations)(/|$)"
    r"|_pb2(_grpc)?\.py$|_tables?\.py$"
)
_TEST_PATH = re.compile(r"(^|/)(tests?|testing)(/|$)|(^|/)test_[^/]*\.py$|_tests?\.py$|(^|/)conftest\.py$")
_COPYLEFT = re.compile(r"\b[AL]?GPL|GNU (Lesser |Affero |Library )?General Public|Mozilla Public", re.IGNORECASE)
_GENERATED = re.compile(
    r"auto-?\s?generated|generated (by|from|using|file|code|with)|do not (edit|modify)|code generator", re.IGNORECASE
)
_LICENCE_NOTICE = re.compile(r"copyright|licen[sc]e|all rights reserved|spdx", re.IGNORECASE)
# A text that holds a control token would teach the model to write it as text.
_CONTROL_TOKEN = re.compile(r"<[|｜][^<>\n]{1,40}[|｜]>")


def is_skipped(path: str) -> bool:
    """Whether a file is left out because of where it lies."""
    return bool(_SKIPPED_PATH.search(path))


def is_test(path: str) -> bool:
    return bool(_TEST_PATH.search(path))


def is_copyleft(text: str) -> bool:
    """Whether the head of a file names a licence that does not let it be passed on under another."""
    return bool(_COPYLEFT.search(text[:3000]))


def is_generated(text: str) -> bool:
    """Whether the head of a file says that a program wrote it."""
    return bool(_GENERATED.search(text[:1200]))


def clean(raw: bytes) -> str | None:
    """The text of a file as it is learned: without its licence header, with one line end. None: not worth it."""
    if not _SHORTEST_CHARACTERS <= len(raw) <= _LONGEST_BYTES:
        return None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    text = text.replace("\r\n", "\n")
    if is_copyleft(text) or is_generated(text) or _CONTROL_TOKEN.search(text):
        return None
    text = _without_licence_header(text).strip("\n").rstrip() + "\n"
    return text if _reads_like_code(text) else None


def _without_licence_header(text: str) -> str:
    """Drops the comment block at the top where it is a notice: it is the same in a thousand files."""
    lines = text.split("\n")
    code = next((n for n, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    return "\n".join(lines[code:]) if _LICENCE_NOTICE.search("\n".join(lines[:code])) else text


def _reads_like_code(text: str) -> bool:
    """Tells written code from data: tables of numbers, long lines, foreign prose, and binary remains."""
    lines = text.count("\n")
    return (
        len(text) >= _SHORTEST_CHARACTERS
        and "\0" not in text
        and "\r" not in text
        and max(map(len, text.split("\n"))) <= _LONGEST_LINE_CHARACTERS
        and len(text) <= _MEAN_LINE_CHARACTERS * lines
        and sum(map(text.count, "0123456789")) <= _DIGIT_SHARE * len(text)
        and len(text.encode()) <= (1 + _BEYOND_ASCII_SHARE) * len(text)
        and text.count("\n\t") <= _TAB_LINE_SHARE * lines
    )
