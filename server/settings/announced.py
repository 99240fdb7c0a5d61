"""What the user was told once and need not hear at every start. It is remembered in the user's own state folder.

Where that cannot be read or written, the user is told again.
"""

from __future__ import annotations

import logging
from pathlib import Path

from ..state_folder import state_folder

log = logging.getLogger(__name__)

_MOST_BYTES = 64 * 1024


def state_file() -> Path:
    return state_folder() / "announced.txt"


def is_news(sentence: str) -> bool:
    """Whether the user was never told this sentence; from now on it counts as told."""
    path = state_file()
    try:
        told = path.read_text("utf-8") if path.stat().st_size <= _MOST_BYTES else ""
    except (OSError, UnicodeDecodeError):
        told = ""
    line = " ".join(sentence.split())
    if line in told.splitlines():
        return False
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(f"{told}{line}\n", "utf-8")
    except OSError as error:
        log.info("%s cannot be written: %s", path, error)
    return True
