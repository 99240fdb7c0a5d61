"""What is wrong and not needed is left out, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cattrs.errors import BaseValidationError
from lsprotocol import types as lsp
from seekline.server.lsp.leniency import without_unusable
from seekline.server.lsp.protocol import converter

GOOD = {"capabilities": {"workspace": {"configuration": True}}, "processId": 3, "rootUri": "file:///a", "trace": "off"}
STRUCTURE = converter()


def read(params: dict[str, Any]) -> tuple[lsp.InitializeParams, list[str]]:
    return without_unusable(params, lambda raw: STRUCTURE.structure(raw, lsp.InitializeParams))


def test_good_params_stay_as_they_are() -> None:
    params, ignored = read(GOOD)
    assert ignored == []
    assert params == STRUCTURE.structure(GOOD, lsp.InitializeParams)


@pytest.mark.parametrize(
    "name", ["processId", "rootUri", "rootPath", "locale", "trace", "clientInfo", "workspaceFolders"]
)
@pytest.mark.parametrize("value", [3.5, True, [1], {"a": 1}, "?"])
def test_one_wrong_member_costs_only_itself(name: str, value: Any) -> None:
    params, ignored = read({**GOOD, name: value})
    assert all(place.split(".")[0] == name for place in ignored)
    assert params.capabilities.workspace is not None
    assert params.capabilities.workspace.configuration is True
    if name != "processId":
        assert params.process_id == 3


def test_what_is_inside_a_list_costs_only_itself() -> None:
    folders = [
        {"uri": "file:///a", "name": "a"},
        3,
        {"name": "b"},
        {"uri": 3, "name": 4},
        {"uri": "file:///c", "name": "c"},
    ]
    given = {**GOOD, "workspaceFolders": json.loads(json.dumps(folders * 10))}
    params, ignored = read(given)
    assert [folder.name for folder in params.workspace_folders or ()] == ["a", "c"] * 10
    assert len(given["workspaceFolders"]) == 50, "what came stays as it came"
    assert ignored


def test_what_must_be_there_is_missed() -> None:
    with pytest.raises(BaseValidationError):
        read({"processId": 3})
