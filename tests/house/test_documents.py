"""What the documents say of the tree is so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import arrows
import pytest
from import_graph import all_modules, parse

ROOT = Path(__file__).parents[2]
NAMED_TESTS = sorted(set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", (ROOT / "ARCHITECTURE.md").read_text("utf-8"))))


@pytest.mark.parametrize(("path", "name"), NAMED_TESTS)
def test_the_tests_that_the_architecture_names_exist(path: str, name: str) -> None:
    tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def test_the_table_of_arrows_is_up_to_date() -> None:
    written = arrows.ARCHITECTURE.read_text("utf-8")
    assert written == arrows.architecture(), "run python tests/arrows.py"


def test_a_new_arrow_changes_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "from ..resolve import Paths\nif TYPE_CHECKING:\n    from ..code import outline"
    new = parse("fim/made_up/new.py", text)
    monkeypatch.setattr(arrows, "all_modules", lambda: {**all_modules(), new.name: new})
    assert "| `fim/made_up` | `fim/resolve`, `fim/code` (types) |" in arrows.table().splitlines()
    assert arrows.architecture() != arrows.ARCHITECTURE.read_text("utf-8")


def test_every_threat_names_its_test() -> None:
    chapter = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## Threat model")[2].partition("\n## ")[0]
    rows = [line for line in chapter.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 10
    assert [row for row in rows if not re.search(r"`[\w/]+\.py::test_\w+` *\|$", row) and "---" not in row] == []
