"""Repositories, prompts and completions for `seekline.learn`, just as the server has them: see `learn/repository`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from ... import fim, model
from ..completion.complete import generate, prepare
from ..completion.completion import Completion
from ..completion.contexts import Contexts
from ..completion.prompt_config import PromptConfig
from ..completion.prompts import build_prompt
from ..completion.snapshot import Snapshot
from ..settings.settings import Settings
from ..workspace import Buffers, Workspace, canonical

if TYPE_CHECKING:
    from ...learn.repository import Completed, Repository


class FolderRepository:
    """A folder as a workspace: see `learn.repository.Repository`."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        """Lists nothing yet."""
        self.root = canonical(folder)
        self.name = self.root.name
        # No one tells of files that change meanwhile.
        buffers = Buffers(watched=False)
        # Nobody waits: what a prompt shows must not depend on which files others have had parsed before.
        self._workspace = Workspace([self.root], settings.exclude, buffers, libraries=settings.libraries, patient=True)

    def paths(self) -> Sequence[str]:
        project = self._workspace.project_of(self.root / "-", ())
        return sorted(path for path in project.paths if self._workspace.refusal(self.root / path) is None)

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def project_of(self, document: fim.Document) -> fim.Project:
        return self._workspace.project_of(self.root / document.path, document.lines)


class SettingsPrompter:
    """Prompts by the settings; see `learn.repository.Prompter`."""

    def __init__(self, config: PromptConfig) -> None:
        self._config = config

    @property
    def info(self) -> model.EngineInfo:
        return self._config.info

    @property
    def format(self) -> fim.Format:
        return self._config.format

    def prompt(self, repository: Repository, document: fim.Document, cursor: fim.Cursor) -> fim.Prompt:
        return build_prompt(snapshot_in(repository, document, cursor), self._config, Contexts()).prompt


class EngineCompleter:
    """Completions by an engine that is ready, asked as the server asks it; see `learn.repository.Completer`."""

    def __init__(self, name: str, engine: model.Engine, config: PromptConfig) -> None:
        self.name = name
        self._engine = engine
        self._config = config

    @property
    def info(self) -> model.EngineInfo:
        return self._config.info

    @property
    def identity(self) -> str:
        """See `learn.eval.sets.answering.KnownCompleter`."""
        return self._config.identity

    def complete(self, repository: Repository, document: fim.Document, cursor: fim.Cursor) -> Completed:
        """What is hidden while the user types is asked for explicitly, where everything is shown."""
        # Files are parsed before anything is timed, as when someone types; and no other variant's prompt is computed.
        prepare(snapshot_in(repository, document, cursor), self._config, Contexts(), explicit=False, cancel=Event())
        self._engine.forget(document.path)
        try:
            return self._completed(repository, document, cursor)
        finally:
            # Prompts of other documents share beginnings with it: its KV cache would make them quicker, and others.
            self._engine.forget(document.path)

    def _completed(self, repository: Repository, document: fim.Document, cursor: fim.Cursor) -> Completed:
        from ...learn.repository import Completed

        snapshot = snapshot_in(repository, document, cursor)
        typed = generate(snapshot, self._engine, self._config, Contexts(), explicit=False)
        found = typed
        if typed.text is None:
            found = generate(snapshot, self._engine, self._config, Contexts(), explicit=True)
        return Completed(
            text=text_behind(found, document.before(cursor)),
            is_shown=typed.text is not None and _is_asked(document, cursor),
            probability=None if found.log_probability is None else math.exp(found.log_probability),
            first_tokens_probability=found.first_tokens_probability,
            first_token_ms=typed.first_token_ms,
            total_ms=typed.total_ms,
        )


def snapshot_in(repository: Repository, document: fim.Document, cursor: fim.Cursor) -> Snapshot:
    """The place as an editor has it, whatever the file on the disk says."""
    return Snapshot(document=document, cursor=cursor, project=repository.project_of(document))


def text_behind(completion: Completion, before: str) -> str:
    """What would stand behind the cursor; empty where what is typed already would not stay."""
    whole = before[: len(before) - completion.replaced[0]] + (completion.text or "")
    return whole[len(before) :] if whole.startswith(before) else ""


def _is_asked(document: fim.Document, cursor: fim.Cursor) -> bool:
    is_first_text = not any(line.strip() for line in document.lines[: cursor.line])
    return fim.worth_asking(document.before(cursor), document.after(cursor), is_first_text=is_first_text)
