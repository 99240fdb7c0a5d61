"""Reading a file of a root as text, and what one file's text has been made into."""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from sys import getsizeof
from typing import Any

from ... import fim
from ...fim.code import EMPTY, Outline, grammar_of
from ...fim.resolve.project import Sized
from ..parsing import parser_process
from .disk import LeftOut, open_file
from .secrets import without_secrets

log = logging.getLogger(__name__)

MAX_FILE_BYTES = 1_000_000
"""A larger file is left out: no one wrote it by hand, and parsing it would hold a completion up."""
MAX_LIBRARY_FILE_BYTES = 500_000
"""The same for files of installed packages, which are only a second source."""
MAX_LINE_CHARACTERS = 400
"""A file whose lines are longer on average is left out: it is minified, or data."""

_BINARY_BYTES = 8192  # git, too, looks for a NUL in the first 8000 bytes (xdiff-interface.c, buffer_is_binary)
_RACY_NS = 100_000_000  # of one tick of the file system's clock, several may be a file's last changes
_DEFINITION_BYTES = 900  # measured: a definition's texts, its numbers, and its places in the outline's tables
_IMPORT_BYTES = 500
_NOTE_BYTES = 700  # what the context engine notes about a definition: its words, its signature

Stamp = Hashable
"""Where a text is from: two equal stamps are of the same text. None is of no text for sure."""


def stamp_on_disk(path: str) -> Stamp:
    """The stamp of the file as it is on the disk; None where there is no file."""
    try:
        return _stamp(os.lstat(path))
    except OSError:
        return None


def _stamp(status: os.stat_result) -> Stamp:
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def read_text(root: str, path: str, limit_bytes: int) -> tuple[str, Stamp]:
    """The text of a file and its stamp. Raises `LeftOut`, and OSError where it cannot be read."""
    with open_file(root, path) as file:
        status = os.fstat(file.fileno())
        if status.st_size > limit_bytes:
            raise LeftOut(f"it has {status.st_size:,} bytes", quiet=True)
        content = file.read(limit_bytes)
    if b"\0" in content[:_BINARY_BYTES] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise LeftOut("it is binary", quiet=True)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LeftOut(f"it is not UTF-8 ({error})") from error
    # A change within the same tick of the clock would not show (git's documentation, "racy-git").
    racy = time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < _RACY_NS
    return text, None if racy else _stamp(status)


def readable_lines(lines: Sequence[str], name: str) -> tuple[str, ...]:
    """The lines as prompts may show them. Raises `LeftOut` for what no one reads."""
    characters = sum(map(len, lines))
    if characters > MAX_FILE_BYTES:  # an open document's: a file on the disk was left out by its size
        raise LeftOut(f"it has {characters:,} characters", quiet=True)
    if characters > MAX_LINE_CHARACTERS * max(len(lines), 10):
        raise LeftOut("its lines are too long to be read", quiet=True)
    return without_secrets(lines, name)


@dataclass(kw_only=True)
class File:
    """One file's text, without its secrets, and its outline once asked for. `raw` is the text as it was read,
    `seen_s` when it was last compared with the disk, `readings` what was made of the text, by what made it,
    `counted_notes` how many of the outline's notes the size counts."""

    stamp: Stamp
    seen_s: float = 0.0
    raw: tuple[str, ...]
    document: fim.Document
    counted_notes: int = 0
    readings: dict[Callable[[fim.Document], Sized], Sized] = field(default_factory=dict)

    @cached_property
    def outline(self) -> Outline:
        language = self.document.language
        grammar = grammar_of(self.document.path, language)
        if grammar is None or language is None:
            return EMPTY
        path, lines = self.document.path, self.document.lines
        return parser_process().read_outline(lines, grammar, language.line_comment, name=path)

    @cached_property
    def _text_bytes(self) -> int:
        """What the texts take; twice as much where secrets are hidden in one of them."""
        own = 600 + 8 * len(self.raw) + sum(map(getsizeof, self.raw))
        return own if self.document.lines is self.raw else own + 8 * len(self.raw)

    @property
    def size_bytes(self) -> int:
        """What it takes in memory by now, estimated."""
        outline: Outline = vars(self).get("outline", EMPTY)
        code = _DEFINITION_BYTES * len(outline.definitions) + _IMPORT_BYTES * len(outline.imports)
        notes = _NOTE_BYTES * self.counted_notes
        return self._text_bytes + code + notes + sum(reading.size_bytes for reading in self.readings.values())


@dataclass(slots=True, kw_only=True)
class Manifest:
    """A project file's text, and what each `parse` made of it."""

    stamp: Stamp
    text: str
    parsed: dict[Callable[[str], Any], Any] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        return 600 + getsizeof(self.text) * (1 + 3 * len(self.parsed))


def make_file(path: str, lines: Sequence[str], language: fim.Language | None, stamp: Stamp) -> File:
    """What a text is made into. Raises `LeftOut`."""
    raw = tuple(lines)
    shown = readable_lines(raw, path)
    # Where nothing was hidden there is one tuple, not two.
    document = fim.Document(path=path, language=language, lines=raw if shown == raw else shown)
    return File(stamp=stamp, raw=raw, document=document)
