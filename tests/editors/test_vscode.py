"""VS Code's extension under Node.js, without VS Code: which settings reach the server, by which way, and what it
shows."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "editors" / "vscode"


def given(user: dict[str, Any], workspace: dict[str, Any]) -> Any:
    """The command of the server and the settings that it is told, for those of the user and of a workspace."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node.js")
    script, settings = Path(__file__).with_name("extension.js"), {"user": user, "workspace": workspace}
    command = [node, script, FOLDER, json.dumps(settings)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


def test_what_is_the_users_own_goes_on_the_command_line() -> None:
    user = {"command": ["s", "serve"], "offline": True, "libraries": False, "trustRemoteCode": ["a/b", "/c d"]}
    answer = given({**user, "model": "embedded"}, {})
    trusted = ["--trust-remote-code=a/b", "--trust-remote-code=/c d"]
    assert answer["command"] == ["s", "serve", *trusted, "--offline", "--no-libraries"]
    assert answer["settings"] == {"command": ["s", "serve"], "model": "embedded"}


def test_a_workspace_cannot_set_it() -> None:
    evil = {"command": ["evil"], "offline": False, "libraries": True, "trustRemoteCode": ["./evil"], "model": "./evil"}
    answer = given({"offline": True}, evil)
    assert answer["command"] == ["seekline", "serve", "--offline"]
    assert answer["settings"]["model"] == "./evil"
    assert not {"offline", "libraries", "trustRemoteCode"} & set(answer["settings"])


def test_a_workspace_can_only_add_to_what_is_excluded() -> None:
    assert given({"exclude": ["a"]}, {"exclude": []})["settings"]["exclude"] == ["a"]
    assert given({"exclude": ["a"]}, {"exclude": ["b", "a"]})["settings"]["exclude"] == ["a", "b"]
    assert given({}, {"exclude": ["b"]})["settings"]["exclude"] == ["b"]


def test_the_status_is_wanted_and_shown_in_the_status_bar() -> None:
    answer = given({}, {})
    assert answer["experimental"] == {"other": 1, "seekline": {"status": True}}
    assert answer["statusBar"] == {"text": "$(error) Seekline", "tooltip": "The memory is full."}


def test_cells_of_notebooks_and_unsaved_documents_are_completed_in() -> None:
    schemes = {filter["scheme"] for filter in given({}, {})["selector"]}
    assert schemes == {"file", "untitled", "vscode-notebook-cell"}
