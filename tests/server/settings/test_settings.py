"""The schema, the README's table and VS Code's settings come from one definition."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError
from seekline.server.cli.serve import serve
from seekline.server.settings.field import Others
from seekline.server.settings.in_words import expected
from seekline.server.settings.settings import Settings, editor_key, keys, others_may, schema

ROOT = Path(__file__).parents[3]


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


def test_every_setting_says_what_others_may_do_with_it() -> None:
    """A repository can bring a workspace's file and an editor's settings: whoever adds a setting has to decide."""
    for key in keys():
        assert schema()["properties"][key].get("x-others-may") in get_args(Others), key


def test_what_can_lift_a_protection_is_the_users_own() -> None:
    own = {"packed_model", "trust_remote_code", "offline", "libraries", "statistics"}
    own |= {"share", "engine_keep_seconds", "engine_memory_gb"}
    own |= {"remote_url", "remote_model", "remote_tokenizer", "remote_prompt", "remote_key"}
    assert {key for key in keys() if others_may(key) == "nothing"} == own
    assert {key for key in keys() if others_may(key) == "ask"} == {"model", "draft_model", "adapter"}
    assert {key for key in keys() if others_may(key) == "add"} == {"exclude"}


def test_the_command_line_of_the_server_has_what_no_editor_may_set() -> None:
    """It is how an editor's client passes on what is in the settings that only its user can change."""
    options = inspect.signature(serve).parameters
    assert {key for key in keys() if others_may(key) == "nothing"} <= set(options)


def test_vs_code_lets_no_workspace_set_what_is_the_users_own() -> None:
    package = json.loads((ROOT / "editors" / "vscode" / "package.json").read_text("utf-8"))
    restricted = package["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"]
    offered = package["contributes"]["configuration"]["properties"]
    assert offered["seekline.command"]["scope"] == "machine"
    assert "seekline.command" in restricted
    for key in keys():
        name, may = f"seekline.{editor_key(key)}", others_may(key)
        assert offered[name]["scope"] == ("machine" if may == "nothing" else "resource")
        assert (name in restricted) == (may in ("nothing", "ask"))


def test_the_readme_and_vs_code_have_the_settings_of_today() -> None:
    run = subprocess.run([sys.executable, ROOT / "editors" / "generate.py", "--check"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_vs_code_leaves_what_is_not_set_to_the_files() -> None:
    package = json.loads((ROOT / "editors" / "vscode" / "package.json").read_text("utf-8"))
    offered = package["contributes"]["configuration"]["properties"]
    for key in keys():
        assert offered[f"seekline.{editor_key(key)}"]["default"] is None
