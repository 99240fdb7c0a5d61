"""How a server ends: with its client, whatever becomes of that, and with the device free."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from typing import NoReturn

log = logging.getLogger(__name__)

_POLL_S = 1.0
_STOP_S = 2.0
_watches: set[asyncio.Task[None]] = set()

Close = Callable[[float], bool]
"""Stops the device within so many seconds; False where it does not."""


def watch_process(process_id: int, close: Close) -> None:
    """Ends the server when the client's process is gone (LSP 3.17, "InitializeParams.processId")."""
    task = asyncio.ensure_future(_watch(process_id, close))
    _watches.add(task)  # the event loop alone would let it be collected
    task.add_done_callback(_watches.discard)


async def _watch(process_id: int, close: Close) -> None:
    import psutil

    try:
        process = psutil.Process(process_id)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(_POLL_S)
    except psutil.NoSuchProcess:
        pass
    log.warning("the client, process %d, is gone", process_id)
    leave(1, close)


def leave(code: int, close: Close) -> NoReturn:
    """Stops the device and ends the process, also where a thread still waits for input that will never come."""
    if not close(_STOP_S):
        log.warning("the device was still busy")
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)
