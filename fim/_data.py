"""Reads the tables that lie beside the code. They are part of the package: no other file is ever read here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomli


def load_text(name: str) -> str:
    """The text of a file of this package; `name` is relative to it, with forward slashes."""
    return Path(__file__).parent.joinpath(name).read_text("utf-8")


def load_toml(name: str) -> dict[str, Any]:
    return tomli.loads(load_text(name))
