"""The thread that writes statistics down: the event loop never waits for a disk."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Thread

from .rows import Row

log = logging.getLogger(__name__)

_MOST_WAITING = 10_000
_GATHER_S = 10.0  # each time the disk is waited for


class StatisticsWriter:
    """Writes rows to a file, some at a time, while `is_on`. Where that fails once, it writes nothing more, and says so
    once."""

    def __init__(self, path: Path) -> None:
        self.is_on = False  # until the user's settings are known
        self._path = path
        self._rows: Queue[Row | None] = Queue(_MOST_WAITING)
        self._thread: Thread | None = None
        self._has_failed = False

    def put(self, row: Row) -> None:
        """Has a row written soon. It never waits: where thousands do already, for a slow disk, the row is lost."""
        if not self.is_on or self._has_failed:
            return
        if self._thread is None:
            self._thread = Thread(target=self._run, name="seekline-statistics", daemon=True)
            self._thread.start()
        try:
            self._rows.put_nowait(row)
        except Full:
            log.debug("a row of statistics was lost")

    def close(self, timeout_s: float) -> None:
        """Writes what waits, if that takes no longer than so long."""
        if self._thread is None or self._has_failed:
            return
        try:
            self._rows.put_nowait(None)
        except Full:
            return
        self._thread.join(timeout_s)

    def _run(self) -> None:
        is_open = True
        while is_open and not self._has_failed:
            rows, is_open = self._next_rows()
            self._write(rows)

    def _next_rows(self) -> tuple[list[Row], bool]:
        """The rows that come within a short time, and whether more may come."""
        rows: list[Row] = []
        row = self._rows.get()
        until = time.monotonic() + _GATHER_S
        while row is not None:
            rows.append(row)
            try:
                row = self._rows.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                return rows, True
        return rows, False

    def _write(self, rows: list[Row]) -> None:
        if not rows:
            return
        try:
            from .database import write  # some builds of Python have no SQLite

            write(self._path, rows, now=time.time())
        except Exception as error:  # noqa: BLE001 - whatever it is, completions go on without statistics
            self._has_failed = True
            log.warning("no statistics are kept in this session: %s", error)
