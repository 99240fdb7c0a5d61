"""The one mutable root of a running server: settings, open documents, and the resident model.

It speaks no protocol: what the user must be told goes through `tell`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import Any, Literal

from .. import fim, model
from .completion.cache import CompletionCache
from .completion.pipeline import Completion, OpenHole
from .documents.documents import Change, OpenDocument, TooLarge
from .documents.positions import Encoding
from .lsp.uris import name_of, path_of
from .resident import Report, Resident
from .settings import consent
from .settings.config import Config, Layer, merge
from .settings.settings import Settings
from .workspace import MAX_EVENTS, Buffers, Happened, Refusal, Workspace

log = logging.getLogger(__name__)

Level = Literal["error", "warning", "info"]
Kind = Literal["ghost text", "menu"]
Key = tuple[str, Kind]
"""What requests are for: those of a document and a kind supersede each other."""
Ask = Callable[[str, Sequence[str], Callable[[str | None], None]], None]
"""Asks the user: a question, the answers to choose from, and what to call with the one that was chosen; with None where
the user cannot be asked, gives no answer, or none for a while."""
_LOAD, _LEAVE = "Load this folder", "Do not load it"


def _ask_nobody(question: str, answers: Sequence[str], answered: Callable[[str | None], None]) -> None:
    answered(None)


class Session:
    """One editor's session. `tell` shows the user a message, `report` a step of loading, `ask` a question; all from any
    thread.

    `encoding`: what the editor's columns count, as agreed in `initialize`.
    """

    def __init__(
        self,
        encoding: Encoding,
        *,
        tell: Callable[[Level, str], None],
        report: Callable[[Report], None],
        ask: Ask = _ask_nobody,
    ) -> None:
        self.encoding: Encoding = encoding
        self.cache = CompletionCache()
        self.config: Config = merge([])
        self.buffers = Buffers(watched=False)
        self.workspace = Workspace([], self.settings.exclude, self.buffers)
        self.resident = Resident(self._reported)
        self._tell = tell
        self._report = report
        self._ask = ask
        self._asked: set[Path] = set()
        self._agreed: set[Path] = set()
        self._agreed_before: consent.Version = None
        self._refused = False
        self._documents: dict[str, OpenDocument] = {}
        self._turns: dict[Key, object] = {}
        self._settled = asyncio.Event()
        self._told: set[str] = set()
        self._too_large: set[str] = set()

    @property
    def settings(self) -> Settings:
        return self.config.settings

    def configure(self, layers: Iterable[Layer], folders: Sequence[Path]) -> None:
        """Takes new settings: tells what is wrong with them, forgets what they make stale, loads what they name."""
        self._settled.set()  # who waits for it goes on once this returns
        self.config = merge(layers)
        for problem in self.config.problems:
            self.tell_once("error", str(problem))
        logging.getLogger("seekline").setLevel(self.settings.log_level.upper())
        self.buffers.look_again()
        self.workspace = self.workspace.replaced(folders, self.settings.exclude, libraries=self.settings.libraries)
        self.cache.clear()
        self.resident.retry()
        self.load()

    def load(self) -> None:
        if self._refused and consent.version() != self._agreed_before:
            self._refused = False  # the user may have agreed on the command line
            self.resident.retry()
        config = self.config
        self.resident.load(config.settings, Path(), lambda: self._may_load(config))

    def _may_load(self, config: Config) -> frozenset[Path] | None:
        """The folders that may be loaded. On the device's thread, since it reads the disk."""
        self._agreed_before = consent.version()
        folders = consent.loadable(config, lambda problem: self.tell_once("warning", problem))
        return None if folders is None else folders | self._agreed

    def tell_once(self, level: Level, message: str) -> None:
        """Shows a message, but only the first time."""
        if message in self._told:
            log.debug("%s", message)
            return
        log.log(logging.getLevelName(level.upper()), "%s", message)
        self._told.add(message)
        self._tell(level, message)

    def _reported(self, report: Report) -> None:
        log.debug("%s", report.message)  # the editor's own log has it
        if report.error is not None:
            self.tell_once("error", f"No completions: {report.error}")
        if report.refused is not None:
            self._ask_about(report.refused)
        if report.warning:
            self.tell_once("warning", report.message)
        self._report(report)

    def _ask_about(self, refused: model.FolderNotAgreed) -> None:
        """Asks once whether a folder may be loaded; until then there is no model. From the device's thread."""
        self._refused = True
        if refused.folder in self._asked:
            return
        self._asked.add(refused.folder)

        def answered(choice: str | None) -> None:
            if choice == _LOAD:
                self._agree(refused.folder)
            elif choice is None:
                self.tell_once("warning", f"No completions: {refused}")

        if refused.can_be_shown:
            self._ask(refused.question, (_LOAD, _LEAVE), answered)
        else:
            answered(None)

    def _agree(self, folder: Path) -> None:
        def remember() -> None:
            try:
                consent.agree(folder)
            except OSError as error:
                self.tell_once("warning", f"{folder} is loaded, but that you agreed cannot be remembered: {error}.")

        self._agreed.add(folder)
        Thread(target=remember, daemon=True).start()
        self.resident.retry()
        self.load()

    def open(self, uri: str, text: str, language_id: str, version: int) -> None:
        self._too_large.discard(uri)
        self.abandon((uri, "ghost text"))
        document = self._documents[uri] = OpenDocument(text, language_id=language_id, version=version)
        self.cache.changed(uri)
        if (path := path_of(uri)) is not None:
            self.buffers.opened(path, lambda: document.lines, language_id)

    def change(self, uri: str, version: int, changes: Iterable[Change]) -> None:
        self.abandon((uri, "ghost text"))  # a menu is filtered by what is typed meanwhile, and not asked for again
        if (document := self._documents.get(uri)) is None:
            if uri in self._too_large:
                return
            log.warning("a change of %s, which is not open, was ignored", uri)
            return
        for change in changes:
            document.apply(change, self.encoding)
        document.version = version
        self.cache.changed(uri)
        if (path := path_of(uri)) is not None:
            self.buffers.edited(path)

    def close_document(self, uri: str) -> None:
        self.abandon((uri, "ghost text"))
        self.abandon((uri, "menu"))
        self._documents.pop(uri, None)
        self.cache.closed(uri)
        self.resident.forget(self.workspace.relative_path(name_of(uri)))
        self._too_large.discard(uri)
        if (path := path_of(uri)) is not None:
            self.buffers.closed(path)

    def refuse_document(self, uri: str) -> None:
        """A document is too large to be read: until it is opened anew, it counts as not open."""
        self.close_document(uri)
        self._too_large.add(uri)
        self.tell_once("info", f"No completions in {name_of(uri).name}: it is too large.")

    def files_changed(self, changes: Iterable[tuple[str, Happened]]) -> None:
        """The editor tells of files and folders on the disk, by their URIs.

        They may be many, so the device's thread looks which ones matter, before whatever is asked of it from here on.
        """
        self.cache.clear()
        told, workspace = list(islice(changes, MAX_EVENTS + 1)), self.workspace

        def notice() -> None:
            if len(told) > MAX_EVENTS:
                workspace.list_again()
                return
            for uri, what in told:
                if (path := path_of(uri)) is not None:
                    workspace.changed(path, what)

        self.resident.run_soon(notice)

    def snapshot(self, uri: str, line: int, units: int) -> OpenHole | None:
        """The document as it is now, the client's position in it and the workspace around it, which the device's thread
        looks into. None where the document is not open, has no such line or is too large.
        """
        if (document := self._documents.get(uri)) is None:
            return None
        try:
            around = document.around(line, units, self.encoding)
        except TooLarge as error:
            self.tell_once("info", f"There are no completions in {error}.")
            return None
        if around is None:
            return None
        self.workspace = self.workspace.looked_again()
        path = name_of(uri)
        return OpenHole(
            path=self.workspace.relative_path(path),
            language=fim.language_named(document.language_id) or fim.language_of_path(path.name),
            around=around,
            project=self.workspace.project_of(path),
        )

    async def when_settled(self, uri: str, hole: OpenHole) -> OpenHole:
        """Waits until the settings are known. The hole then has the same text, in the workspace as they make it."""
        if self._settled.is_set():
            return hole
        await self._settled.wait()
        path = name_of(uri)
        return replace(hole, path=self.workspace.relative_path(path), project=self.workspace.project_of(path))

    def completes_in(self, uri: str, language: fim.Language | None) -> bool:
        """Whether the settings want completions in this document."""
        languages = self.settings.languages
        names = () if language is None else (language.name, *language.lsp_ids)
        named = next((languages[name] for name in names if name in languages), None)
        wanted = languages.get("*", True) if named is None else named
        return wanted and self.refusal(uri) is None

    def refusal(self, uri: str) -> Refusal | None:
        """Why a document is never completed in, nor shown as a prompt; None where it may be."""
        return self.workspace.refusal(name_of(uri))

    def submit(self, key: Key, hole: OpenHole, *, explicit: bool) -> model.Job[Completion | None]:
        """Queues a completion, behind the loading of the model; it supersedes older ones of `key`."""
        self.load()
        return self.resident.complete(key, hole.whole, self.settings, explicit=explicit)

    def submit_prompt(self, hole: OpenHole) -> model.Job[dict[str, Any] | None]:
        self.load()
        return self.resident.prompt(hole.whole, self.settings)

    def take_turn(self, key: Key) -> object:
        """The turn of a new request; it ends with the next one of `key`, or when `key` is abandoned."""
        turn = self._turns[key] = object()
        return turn

    async def pause_in_typing(self, key: Key, turn: object) -> bool:
        """Waits for the debounce time; whether `turn` has lasted."""
        await asyncio.sleep(self.settings.debounce_ms / 1000)
        return self.lasts(key, turn)

    def lasts(self, key: Key, turn: object) -> bool:
        """Whether nothing has ended `turn` yet."""
        return self._turns.get(key) is turn

    def abandon(self, key: Key) -> None:
        """Stops all work of `key`: what it would answer is out of date."""
        self._turns.pop(key, None)
        self.resident.abandon(key)
