"""The schema, the README's table and VS Code's settings come from one definition."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from seekline.server.settings import Settings, editor_key, expected, keys, schema

ROOT = Path(__file__).parents[2]


def test_every_key_of_the_design_is_there() -> None:
    assert {
        "model", "device", "dtype", "quantization", "context_tokens", "max_new_tokens", "temperature", "threads",
        "debounce_ms", "offline", "trust_remote_code", "languages", "exclude", "log_level",
    } <= set(keys())  # fmt: skip


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().model = "other"  # type: ignore[misc]


def test_every_key_is_described_and_its_values_can_be_said() -> None:
    for key in keys():
        assert schema()["properties"][key]["description"], key
        assert expected(key), key


def test_the_default_of_every_key_is_allowed() -> None:
    for key, value in Settings().model_dump(mode="json").items():
        Settings.model_validate({key: value})


def test_the_readme_and_vs_code_have_the_settings_of_today() -> None:
    run = subprocess.run([sys.executable, ROOT / "editors" / "generate.py", "--check"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_vs_code_leaves_what_is_not_set_to_the_files() -> None:
    package = json.loads((ROOT / "editors" / "vscode" / "package.json").read_text("utf-8"))
    offered = package["contributes"]["configuration"]["properties"]
    for key in keys():
        assert offered[f"seekline.{editor_key(key)}"]["default"] is None
