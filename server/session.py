"""The one mutable root of a running server: settings, open documents, and the engine.

It speaks no protocol: what the user must be told goes through `tell`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Literal

from .. import fim, model
from .completion.asking import Asks, asks_in
from .completion.cache import CompletionCache
from .completion.contexts import Contexts
from .completion.in_flight import AHEAD, WARM_UP, InFlight
from .completion.pauses import Pauses
from .completion.prompt_config import PromptConfig, notices, prompt_config
from .completion.rhythm import Rhythm
from .completion.snapshot import OpenSnapshot
from .completion.turns import Turn, Turns
from .documents.documents import Change, TooLarge
from .documents.open_documents import OpenDocuments
from .documents.positions import Encoding
from .engines import wanted_model
from .errors import BadSettings
from .learned import LearnedHere
from .lsp.uris import name_of, path_in, path_of
from .settings import announced
from .settings.config import Config, SettingsLayer, merge
from .settings.folder_consent import Ask, FolderConsent, Level, ask_nobody
from .settings.settings import Settings
from .statistics.statistics import Statistics
from .told_once import ToldOnce
from .workspace import MAX_EVENTS, Buffers, Happened, Refusal, Workspace
from .workspace_events import take_note

log = logging.getLogger(__name__)

Kind = Literal["ghost text", "menu"]
Key = tuple[str, Kind]
"""What requests are for: those of a document and a kind supersede each other."""


class Session:
    """One editor's session. `tell` shows the user a message, `report` a step of loading, `ask` a question; all from any
    thread.

    `encoding`: what the editor's columns count, as agreed in `initialize`. `editor`: what it calls itself there.
    """

    def __init__(
        self,
        encoding: Encoding,
        *,
        tell: Callable[[Level, str], None],
        report: Callable[[model.Report], None],
        ask: Ask = ask_nobody,
        engine: model.Engine | None = None,
        editor: str = "an editor",
    ) -> None:
        self._editor = editor
        self.encoding: Encoding = encoding
        self.statistics = Statistics()
        self.tell_once = ToldOnce(tell)
        self.documents = OpenDocuments(encoding, self.statistics.observer)
        self.cache = CompletionCache()
        self.config: Config = merge([])
        self.buffers = Buffers(watched=False)
        self.workspace = Workspace([], self.settings.exclude, self.buffers)
        self.contexts = Contexts()
        self.turns = Turns()
        self.in_flight = InFlight()
        self.rhythm = Rhythm()
        self.pauses = Pauses()
        # Prompts are made one after the other, while the engine writes for other documents.
        self.gathering = model.Worker("seekline-gathering")
        self.writing = model.ThreadPerJob("seekline-writing")
        self.engine: model.Engine = engine or model.ChosenEngine(self._reported)
        self.problem: str | None = None  # why the model that is loaded cannot be prompted
        self._learned = LearnedHere()
        self._report = report
        self._consent = FolderConsent(ask, self.tell_once, partial(self.load, again=True))
        self._settled = asyncio.Event()

    @property
    def settings(self) -> Settings:
        return self.config.settings

    def configure(self, layers: Iterable[SettingsLayer], folders: Sequence[Path]) -> None:
        """Takes new settings: tells what is wrong with them, forgets what they make stale, loads what they name."""
        self._settled.set()  # who waits for it goes on once this returns
        self.config, self.problem = merge(layers), None
        for problem in self.config.problems:
            self.tell_once("error", str(problem))
        logging.getLogger("seekline").setLevel(self.settings.log_level.upper())
        self.statistics.switch(on=self.settings.statistics)
        self.buffers.look_again()
        self.workspace = self.workspace.replaced(folders, self.settings.exclude, libraries=self.settings.libraries)
        self._learned.configure(self.settings, folders)
        self.look_for_learned()
        self.cache.clear()
        self.load(again=True)

    def look_for_learned(self) -> None:
        """Where something was learned from the workspace meanwhile, what is known of the model before is forgotten."""
        if self._learned.look():
            self.in_flight.outdate()
            self.cache.clear()

    def load(self, *, again: bool = False) -> None:
        """Has the engine load what the settings name, unless it has. `again`: also where it failed before."""
        if not isinstance(self.engine, model.ChosenEngine):
            return
        agreed = self._consent.may_have_come()
        if again or agreed:
            self.engine.retry()
        now, places = self._learned.now, self._learned.places
        wanted = wanted_model(self.settings, Path(), editor=self._editor, learned=now, learned_places=places)
        self.engine.load(wanted, partial(self._consent.loadable, self.config))

    @property
    def status(self) -> model.Status:
        """The engine's; idle once no prompt is made either."""
        status = self.engine.status
        return replace(status, idle=status.idle and self.gathering.idle and self.writing.idle)

    def close(self, timeout_s: float) -> bool:
        """Stops all that runs; False where the engine does not stop in time."""
        self.statistics.close()
        self.gathering.close(0)
        self.writing.close(0)
        return self.engine.close(timeout_s)

    def _reported(self, report: model.Report) -> None:
        log.debug("%s", report.message)  # the editor's own log has it
        if report.info is not None:
            self._config_of(report.info)  # what is wrong with it is told before anyone asks
            if report.info.notice is not None and announced.is_news(report.info.notice):
                self.tell_once("warning", report.info.notice)
        if report.error is not None:
            self.tell_once("error", f"No completions: {report.error}")
        if report.refused is not None:
            self._consent.ask_about(report.refused)
        if report.warning:
            self.tell_once("warning", report.message)
        self._report(report)

    def open(self, uri: str, text: str, language_id: str, version: int) -> None:
        self.abandon((uri, "ghost text"))
        document = self.documents.open(uri, text, language_id, version)
        self.cache.changed(uri)
        if (path := self._file_of(uri)) is not None:
            self.buffers.opened(path, lambda: document.lines, language_id)

    def change(self, uri: str, version: int, changes: Iterable[Change]) -> None:
        self.abandon((uri, "ghost text"))  # a menu is filtered by what is typed meanwhile, and not asked for again
        document = self.documents.change(uri, version, changes)
        if document is None:
            return
        self.rhythm.key(monotonic())
        self.in_flight.changed((uri, "ghost text"), self.documents.rope(uri))
        self.cache.changed(uri)
        if (path := self._file_of(uri)) is not None:
            self.buffers.edited(path)

    def close_document(self, uri: str) -> None:
        self.abandon((uri, "ghost text"))
        self.abandon((uri, "menu"))
        for kind in ("ghost text", "menu", AHEAD, WARM_UP):
            self.in_flight.stop((uri, kind))
        self.documents.close(uri)
        self.cache.closed(uri)
        self._forget(self.workspace.relative_path(path_in(self.workspace.folders, uri)))
        if (path := self._file_of(uri)) is not None:
            self.buffers.closed(path)

    def _file_of(self, uri: str) -> Path | None:
        """The file whose text a document is; None for what is none, or a part of one."""
        return None if self.documents.notebooks.has_cell(uri) else path_of(uri)

    def refuse_document(self, uri: str) -> None:
        """A document is too large to be read: until it is opened anew, it counts as not open."""
        self.close_document(uri)
        self.documents.refuse(uri)
        self.tell_once("info", f"No completions in {name_of(uri).name}: it is too large.")

    def files_changed(self, changes: Iterable[tuple[str, Happened]]) -> None:
        """The editor tells of files and folders on the disk, by their URIs.

        They may be many, so another thread looks which ones matter, before it makes the next prompt. Completions that
        are known outlive those that do not.
        """
        told, workspace = list(islice(changes, MAX_EVENTS + 1)), self.workspace
        loop = asyncio.get_running_loop()

        def notice(_: Event) -> None:
            if take_note(told, workspace):
                loop.call_soon_threadsafe(self.cache.clear)

        self.gathering.submit(notice)

    def snapshot(self, uri: str, line: int, units: int) -> OpenSnapshot | None:
        """The document as it is now, the client's position in it and the workspace around it, into which another thread
        looks. None where the document is not open, has no such line or is too large.
        """
        document = self.documents.get(uri)
        try:
            around = self.documents.around(uri, line, units)
        except TooLarge as error:
            self.tell_once("info", f"There are no completions in {error}.")
            return None
        if document is None or around is None:
            return None
        self.workspace = self.workspace.looked_again()
        path = path_in(self.workspace.folders, uri)
        return OpenSnapshot(
            path=self.workspace.relative_path(path),
            language=fim.language_named(document.language_id) or fim.language_of_path(path.name),
            around=around,
            project=self.workspace.project_of(path),
        )

    async def when_settled(self, uri: str, snapshot: OpenSnapshot) -> OpenSnapshot:
        """Waits until the settings are known. The snapshot then has the same text, in the workspace as they make it."""
        if self._settled.is_set():
            return snapshot
        await self._settled.wait()
        return self.placed(uri, snapshot)

    def placed(self, uri: str, snapshot: OpenSnapshot) -> OpenSnapshot:
        """The snapshot in the workspace as it is by now."""
        path = path_in(self.workspace.folders, uri)
        return replace(snapshot, path=self.workspace.relative_path(path), project=self.workspace.project_of(path))

    def asks_in(self, uri: str, language: fim.Language | None) -> Asks:
        """When completions are wanted in a document, by the settings and by what is paused."""
        if self.refusal(uri) is not None:
            return "never"
        asks = asks_in(self.settings, self.workspace.relative_path(path_in(self.workspace.folders, uri)), language)
        is_paused = self.pauses.hold(uri, None if language is None else language.name)
        return "invoked" if is_paused and asks != "never" else asks

    def pause_s(self, asks: Asks) -> float:
        """How long typing has to pause before the model is asked."""
        if asks == "subtle":
            return self.settings.pause_ms / 1000
        debounce_ms = self.settings.debounce_ms
        return self.rhythm.pause_s if debounce_ms == "auto" else debounce_ms / 1000

    def refusal(self, uri: str) -> Refusal | None:
        """Why a document is never completed in, nor shown as a prompt; None where it may be."""
        return self.workspace.refusal(path_in(self.workspace.folders, uri))

    async def prompt_config(self, turn: Turn) -> PromptConfig | None:
        """How to prompt the model, once it is loaded; None where there is none, or it cannot be: that was told."""
        try:
            info = await turn.value(self.engine.info())
        except model.ModelError as error:
            log.debug("there is no model: %s", error)
            return None
        return self._config_of(info)

    def _config_of(self, info: model.EngineInfo) -> PromptConfig | None:
        """Tells once what is wrong with it. From any thread."""
        try:
            config = prompt_config(info, self.settings)
        except BadSettings as error:
            self.problem = str(error)
            self.tell_once("error", f"No completions: {error}")
            return None
        self.problem = None
        for notice in notices(config, self.settings):
            self.tell_once("warning", notice)
        return config

    def abandon(self, key: Key) -> None:
        """Stops all work of `key`: what it would answer is out of date."""
        self.turns.end(key)

    def _forget(self, path: str) -> None:
        """Gives back what is kept for a document that was closed; `path` as it has in its prompts."""

        def forget(_: Event) -> None:
            self.contexts.forget(path)
            if not self.gathering.has_waiting:  # of many that are closed together, the last one
                if not self.documents:  # a full collection holds up whoever goes on typing in another one
                    gc.collect()
                model.trim_heap()

        self.gathering.submit(forget)
        self.engine.forget(path)
