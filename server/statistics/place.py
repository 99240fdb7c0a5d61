"""Where the statistics are."""

from __future__ import annotations

from pathlib import Path

from ..state_folder import state_folder


def statistics_file() -> Path:
    return state_folder() / "statistics.sqlite3"
