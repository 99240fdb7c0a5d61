"""What the server says to the editor without being asked: messages, progress, questions about settings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lsprotocol import types as lsp

from .copilot_status import tell_of_loading

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from ...model import Report
    from ..session import Level

log = logging.getLogger(__name__)

_SECTION = "seekline"
_PATIENCE_S = 5.0
_PATIENCE_OF_USERS_S = 60.0
_MESSAGE_TYPES = {
    "error": lsp.MessageType.Error,
    "warning": lsp.MessageType.Warning,
    "info": lsp.MessageType.Info,
}


class EditorClient:
    """The editor at the other end. `tell`, `report` and `ask` may be called from any thread.

    `settings_came` is called with settings that the editor told after `settings` had given up waiting. `is_copilots`:
    whether it is a client of Copilot's server too.
    """

    def __init__(self, server: LanguageServer, settings_came: Callable[[object], None]) -> None:
        self._server = server
        self.is_copilots = False
        self._settings_came = settings_came
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reports: asyncio.Queue[Report] = asyncio.Queue()
        self._showing: asyncio.Task[None] | None = None
        self._asking: set[asyncio.Task[None]] = set()
        self._asked: asyncio.Future[Any] | None = None

    def start(self) -> None:
        """From here on the editor listens; called on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._showing = self._loop.create_task(self._show_reports())

    def tell(self, level: Level, message: str) -> None:
        params = lsp.ShowMessageParams(type=_MESSAGE_TYPES[level], message=f"Seekline: {message}")
        self._on_loop(lambda: self._server.window_show_message(params))

    def report(self, report: Report) -> None:
        self._on_loop(lambda: self._reports.put_nowait(report))

    def ask(self, question: str, answers: Sequence[str], answered: Callable[[str | None], None]) -> None:
        """Shows a question; see `session.Ask`. An answer that comes late still counts."""

        def start() -> None:
            task = asyncio.ensure_future(self._ask(question, answers, answered))
            self._asking.add(task)  # the event loop alone would let it be collected
            task.add_done_callback(self._asking.discard)

        self._on_loop(start)

    async def _ask(self, question: str, answers: Sequence[str], answered: Callable[[str | None], None]) -> None:
        window = self._server.client_capabilities.window
        if window is None or window.show_message is None:
            answered(None)
            return
        actions = [lsp.MessageActionItem(title=answer) for answer in answers]
        message = f"Seekline: {question}"
        params = lsp.ShowMessageRequestParams(type=lsp.MessageType.Warning, message=message, actions=actions)
        try:
            asked = asyncio.ensure_future(self._server.window_show_message_request_async(params))
            done, _ = await asyncio.wait({asked}, timeout=_PATIENCE_OF_USERS_S)
            if not done:
                answered(None)
            choice = await asked
        except Exception as error:  # noqa: BLE001 - whatever the editor answers, it is no agreement
            log.warning("the editor did not ask the user: %r", error)
            choice = None
        answered(None if choice is None else choice.title)

    def _on_loop(self, action: Callable[[], None]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(action)

    async def _show_reports(self) -> None:
        while True:
            await self._show_loading()

    async def _show_loading(self) -> None:
        """Shows the steps of one loading, as progress where the editor has it, and always in its log."""
        report = await self._next_report()
        token = await self._progress_token()
        progress = self._server.work_done_progress
        if token is not None:
            progress.begin(token, lsp.WorkDoneProgressBegin(title="Seekline", message=report.message))
        while not report.done:
            report = await self._next_report()
            if token is not None and not report.done:
                progress.report(token, lsp.WorkDoneProgressReport(message=report.message))
        if token is not None:
            progress.end(token, lsp.WorkDoneProgressEnd(message=report.message))

    async def _next_report(self) -> Report:
        report = await self._reports.get()
        params = lsp.LogMessageParams(type=lsp.MessageType.Info, message=f"Seekline: {report.message}")
        self._server.window_log_message(params)
        if self.is_copilots:
            tell_of_loading(self._server, report)
        return report

    async def _progress_token(self) -> str | None:
        """A token that the editor has agreed to; None where it shows no progress."""
        window = self._server.client_capabilities.window
        if window is None or not window.work_done_progress:
            return None
        token = f"seekline-{uuid4()}"
        try:
            await self._server.work_done_progress.create_async(token)
        except Exception as error:  # noqa: BLE001 - it changed its mind, and needs no progress then
            log.warning("the editor refused to show progress: %s", error)
            return None
        return token

    async def settings(self) -> object | None:
        """The editor's settings, an empty object where it has none; None where it cannot be asked, or is slow.

        What a slow one answers applies when it comes, unless it was asked again meanwhile.
        """
        workspace = self._server.client_capabilities.workspace
        if workspace is None or not workspace.configuration:
            return None
        params = lsp.ConfigurationParams(items=[lsp.ConfigurationItem(section=_SECTION)])
        asked = self._asked = asyncio.ensure_future(self._server.workspace_configuration_async(params))
        await asyncio.wait([asked], timeout=_PATIENCE_S)
        if asked.done():
            return _settings_in(asked)
        log.warning("the editor has not told its settings yet; they apply when it does")
        asked.add_done_callback(self._settings_came_late)
        return None

    def _settings_came_late(self, asked: asyncio.Future[Any]) -> None:
        settings = _settings_in(asked)
        if settings is not None and asked is self._asked:
            self._settings_came(settings)

    async def register_for_changes(self) -> bool:
        """Asks to be told when the settings change, or a file in the workspace does; whether it will tell of files."""
        workspace = self._server.client_capabilities.workspace
        if workspace is None:
            return False
        wanted: list[lsp.Registration] = []
        if workspace.did_change_configuration and workspace.did_change_configuration.dynamic_registration:
            wanted.append(_registration(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION, {"section": _SECTION}))
        if workspace.did_change_watched_files and workspace.did_change_watched_files.dynamic_registration:
            watchers = [lsp.FileSystemWatcher(glob_pattern="**/*")]
            options = lsp.DidChangeWatchedFilesRegistrationOptions(watchers=watchers)
            wanted.append(_registration(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options))
        if not wanted:
            return False
        try:
            asked = self._server.client_register_capability_async(lsp.RegistrationParams(registrations=wanted))
            await asyncio.wait_for(asked, _PATIENCE_S)
        except Exception as error:  # noqa: BLE001 - settings then change with a restart only
            log.warning("the editor refused to tell of changed settings and files: %r", error)
            return False
        return any(registration.method == lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES for registration in wanted)


def _settings_in(asked: asyncio.Future[Any]) -> object | None:
    """The settings in the editor's answer; None where it gave an error."""
    try:
        answers = asked.result()
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it says, the other settings hold
        log.warning("the editor did not tell its settings: %r", error)
        return None
    return {} if not answers or answers[0] is None else answers[0]


def _registration(method: str, options: Any) -> lsp.Registration:
    return lsp.Registration(id=str(uuid4()), method=method, register_options=options)
