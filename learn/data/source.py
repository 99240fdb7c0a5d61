"""One file of a repository as text, or why it is none. Line ends are read as line feeds: offsets are of that text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ... import fim
from ..repository import Repository

MAX_FILE_BYTES = 1_000_000
"""The server, too, leaves larger files out: no one wrote them by hand."""
_BINARY_BYTES = 8192  # git, too, looks for a NUL in the first 8000 bytes


class LeftOut(Exception):
    """`reason`: one of few, which the report counts."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`text` without a byte order mark."""

    path: str
    language: fim.Language
    text: str

    @property
    def digest(self) -> str:
        return hashlib.blake2b(self.text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def document(self, text: str | None = None) -> fim.Document:
        """As an editor shows it; with another `text` while it is being written."""
        lines = fim.split_lines(self.text if text is None else text)
        return fim.Document(path=self.path, language=self.language, lines=tuple(lines))


def read_source(repository: Repository, path: str) -> Source:
    """Raises `LeftOut`."""
    language = fim.language_of_path(path)
    if language is None:
        raise LeftOut("no known language")
    try:
        # Looked at before it is read: a file may be larger than the memory.
        if (repository.root / path).stat().st_size > MAX_FILE_BYTES:
            raise LeftOut("too large")
        content = repository.read(path)
    except OSError as error:
        raise LeftOut("cannot be read") from error
    if b"\0" in content[:_BINARY_BYTES]:
        raise LeftOut("binary")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LeftOut("not UTF-8") from error
    return Source(path=path, language=language, text=fim.with_newlines(text))


def readable_source(repository: Repository, path: str) -> Source | None:
    """The same; None where it is left out, also a file that was read before and has become another kind since."""
    try:
        return read_source(repository, path)
    except LeftOut:
        return None
