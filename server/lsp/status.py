"""What the server is doing, for a client that shows it: the notification `seekline/status`.

A client asks for it by `capabilities.experimental.seekline.status` in `initialize`. It is told the state at first and
whenever it is another one; what lasts but a moment is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from lsprotocol import types as lsp

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from ..session import Session

METHOD = "seekline/status"
_SETTLES_S = 0.1

State = Literal["loading", "ready", "generating", "paused", "error"]


class StatusNotifications:
    """Tells one client. `look`, from any thread, wherever the state may be another one."""

    def __init__(self, server: LanguageServer, session: Callable[[], Session]) -> None:
        self._server = server
        self._session = session
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._told: tuple[State, str] | None = None
        self._asked = 0

    def start(self) -> None:
        """From here on the client listens; called on the event loop."""
        if _is_wanted(self._server.client_capabilities):
            self._loop = asyncio.get_running_loop()

    def look(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._look_soon)

    @contextmanager
    def generating(self) -> Iterator[None]:
        """While a request waits for its completion."""
        self._asked += 1
        self.look()
        try:
            yield
        finally:
            self._asked -= 1
            self.look()

    def _look_soon(self) -> None:
        if self._waiting is None and self._loop is not None:
            self._waiting = self._loop.call_later(_SETTLES_S, self._tell)

    def _tell(self) -> None:
        self._waiting = None
        now = state_of(self._session(), is_asked=self._asked > 0)
        if now != self._told:
            self._told = now
            state, message = now
            self._server.protocol.notify(METHOD, {"state": state, "message": message})


def state_of(session: Session, *, is_asked: bool) -> tuple[State, str]:
    """The state, and a sentence for people: which model and why; of an error, what is wrong and what to do."""
    engine = session.status
    if session.problem is not None:
        return "error", session.problem
    if engine.state == "failed":
        return "error", engine.reason
    if session.pauses.everywhere:
        return "paused", "There are no completions but those that are asked for."
    if engine.state == "loading":
        return "loading", "The model is being loaded."
    return "generating" if is_asked else "ready", engine.reason


def _is_wanted(able: lsp.ClientCapabilities) -> bool:
    ours = able.experimental.get("seekline") if isinstance(able.experimental, dict) else None
    return isinstance(ours, dict) and ours.get("status") is True
