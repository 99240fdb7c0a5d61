"""Reads the tables that lie beside the code. They are part of the package: no other file is ever read here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomli


def load_toml(name: str) -> dict[str, Any]:
    return tomli.loads(Path(__file__).with_name(name).read_text("utf-8"))
