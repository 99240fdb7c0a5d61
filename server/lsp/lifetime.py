"""How a server ends: with its client, whatever becomes of that, and with the device free."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

log = logging.getLogger(__name__)

CLIENT_DIED = 1
_BY_SIGNAL = 128  # as shells say it
_POLL_S = 1.0
_STOP_S = 2.0
_HIGHEST_PROCESS_ID = 2**31 - 1

Close = Callable[[float], bool]
"""Stops the device within so many seconds; False where it does not."""


class Lifetime:
    """The life of one server: whoever ends it first says with which exit code."""

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self._ended = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        """From here on the signals that ask a process to end are heard; called on the event loop."""
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                self._loop.add_signal_handler(number, self._signalled, number)
            except NotImplementedError:  # on Windows
                signal.signal(number, lambda number, _: self._signalled(number))

    def end(self, code: int, why: str) -> None:
        """Ends the server; from any thread."""
        if self.exit_code is None:
            self.exit_code = code
            log.info("the end: %s", why)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ended.set)

    async def ended(self) -> int:
        """Waits for the end; the exit code."""
        await self._ended.wait()
        return CLIENT_DIED if self.exit_code is None else self.exit_code

    def watch(self, process_id: int) -> None:
        """Ends the server when the client's process is gone (LSP 3.17, "InitializeParams.processId").

        A number that no process can have is ignored; called on the event loop.
        """
        if not 0 < process_id <= _HIGHEST_PROCESS_ID:
            log.warning("%d is no process: the client's own is not watched", process_id)
            return
        self._watch = asyncio.get_running_loop().create_task(self._end_with(process_id))

    async def _end_with(self, process_id: int) -> None:
        import psutil

        try:
            process = psutil.Process(process_id)
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                await asyncio.sleep(_POLL_S)
        except psutil.AccessDenied:
            log.warning("process %d cannot be watched", process_id)
            return
        except psutil.NoSuchProcess:
            pass
        log.warning("the client, process %d, is gone", process_id)
        self.end(CLIENT_DIED, "the client's process is gone")

    def _signalled(self, number: int) -> None:
        self.end(_BY_SIGNAL + number, signal.Signals(number).name)


def leave(code: int, close: Close) -> NoReturn:
    """Stops the device and ends the process, also where a thread still waits for input that will never come."""
    if not close(_STOP_S):
        log.warning("the device was still busy")
    logging.shutdown()
    if sys.stderr is not None:
        with contextlib.suppress(OSError):  # nobody reads what the server says
            sys.stderr.flush()
    os._exit(code)
