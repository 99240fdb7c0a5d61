"""The house rules that a machine can check: how large a file may be, what it says of itself, what loads with it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from import_graph import LAYERS

ROOT = Path(__file__).parents[2]
FILES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))


@pytest.mark.parametrize(
    "module", ["seekline.fim", "seekline.learn", "seekline.model", "seekline.server.lsp.app", "seekline.server.cli"]
)
def test_importing_loads_no_torch(module: str) -> None:
    code = f"import sys, {module}; print([m for m in ('torch', 'transformers', 'numpy', 'httpx2') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.parametrize("module", ["seekline.server.lsp.app", "seekline.server.session", "seekline.server.cli.main"])
def test_the_server_imports_nothing_of_learn(module: str) -> None:
    code = f"import sys, {module}; print([m for m in sys.modules if m.startswith('seekline.learn')])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.parametrize(
    "path",
    sorted(p for folder in (*LAYERS, "tests", "bench", "editors") for p in (ROOT / folder).rglob("*.py")),
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_files_and_functions_are_small(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= 300, "over 300 lines: two subjects"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= 40, f"{node.name} has {lines} lines"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_module_says_what_it_owns(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))
