"""Where the statistics are."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def statistics_file() -> Path:
    return platformdirs.user_state_path("seekline", appauthor=False) / "statistics.sqlite3"
