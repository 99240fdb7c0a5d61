"""What the user is told, each message once however many threads have it to say."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock

from .settings.folder_consent import Level

log = logging.getLogger(__name__)


class ToldOnce:
    """`tell` shows a message. From any thread."""

    def __init__(self, tell: Callable[[Level, str], None]) -> None:
        self._tell = tell
        self._told: set[str] = set()
        self._lock = Lock()

    def __call__(self, level: Level, message: str) -> None:
        """Shows a message, but only the first time."""
        with self._lock:
            is_new = message not in self._told
            self._told.add(message)
        if is_new:
            log.log(logging.getLevelName(level.upper()), "%s", message)
            self._tell(level, message)
        else:
            log.debug("%s", message)
