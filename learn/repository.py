"""What this layer is given: a repository as the server sees it, and who prompts and completes in it as the server does.

The server implements these (`server/cli/asking`); nothing here knows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .. import fim, model


class Repository(Protocol):
    """A folder with sources. Paths are relative to its root, with forward slashes."""

    @property
    def root(self) -> Path: ...

    @property
    def name(self) -> str: ...

    def paths(self) -> Sequence[str]:
        """Of the files that a prompt may show, sorted: nothing ignored, excluded, or a secret, and nothing behind a
        link."""
        ...

    def read(self, path: str) -> bytes:
        """What a file has. Raises `OSError`."""
        ...

    def project_of(self, document: fim.Document) -> fim.Project:
        """The repository as one prompt about this document sees it: whatever the disk says, the document has its
        lines. In no document of it there is a secret: lines with one come out empty."""
        ...


class Prompter(Protocol):
    """Makes prompts for one model, with the budgets and the other files of the server's own."""

    @property
    def info(self) -> model.EngineInfo: ...

    @property
    def format(self) -> fim.Format:
        """How the model is prompted; `fills_in` says whether it sees what stands behind the cursor."""
        ...

    def prompt(self, repository: Repository, document: fim.Document, cursor: fim.Cursor) -> fim.Prompt:
        """What the model is given there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What was completed at a cursor.

    `text`: what would stand behind the cursor, also where it is not shown while the user just types; empty where there
    is none, or where what is typed already would not stay. `is_shown`: whether it is shown while they type.
    `probability`: how likely the engine says that all of it is, `first_tokens_probability`: its first tokens on the
    mean; None where it does not say. Milliseconds: from the request to the first token and to the end of the text, all
    files read and parsed before; 0 where nothing was generated.
    """

    text: str
    is_shown: bool
    probability: float | None = None
    first_tokens_probability: float | None = None
    first_token_ms: float = 0.0
    total_ms: float = 0.0


class Completer(Protocol):
    """One way to complete: a model, with or without an adapter, other files, copies, guides."""

    @property
    def name(self) -> str: ...

    @property
    def info(self) -> model.EngineInfo: ...

    def complete(self, repository: Repository, document: fim.Document, cursor: fim.Cursor) -> Completed:
        """Raises what the engine raises."""
        ...
