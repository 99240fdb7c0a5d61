"""Where Seekline keeps what it has to remember for the user."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def state_folder() -> Path:
    """The user's own; it may not exist yet."""
    return platformdirs.user_state_path("seekline", appauthor=False)
