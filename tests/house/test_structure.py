"""The house rules that a machine can check: who imports whom, and how large a room may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAY_IMPORT = {"fim": set(), "model": set(), "learn": {"fim", "model"}, "server": {"fim", "model"}}
# The files that speak the protocol; no other knows lsprotocol or pygls.
SPEAK_LSP = {"app.py", "client.py", "protocol.py"}
FILES = sorted(path for layer in MAY_IMPORT for path in (ROOT / layer).rglob("*.py"))


def imported_modules(path: Path) -> Iterator[str]:
    """Every module that a file imports, absolute: `seekline.fim`, `lsprotocol`, ..."""
    package = ["seekline", *path.relative_to(ROOT).parent.parts]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = [*base, *(node.module or "").split(".")] if node.module else base
            yield ".".join(module)
            yield from (".".join([*module, alias.name]) for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_follow_the_arrows(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0]
    for module in imported_modules(path):
        top, _, rest = module.partition(".")
        if top == "seekline" and rest:
            assert rest.split(".")[0] in {layer} | MAY_IMPORT[layer], f"{layer} must not import {module}"
        if top in ("lsprotocol", "pygls"):
            assert layer == "server", f"{layer} must not import {module}"
            assert path.name in SPEAK_LSP, f"only {SPEAK_LSP} speak the protocol, not {path.name}"


def test_the_arrows_are_seen() -> None:
    """The check above reads relative imports: it knows at least the ones that must be there."""
    seen = set(imported_modules(ROOT / "server" / "completion" / "prompt_config.py"))
    assert {"seekline.fim", "seekline.model", "seekline.server.settings.settings.Settings"} <= seen


@pytest.mark.parametrize("module", ["seekline.fim", "seekline.model", "seekline.server.lsp.app", "seekline.server.cli"])
def test_importing_loads_no_torch(module: str) -> None:
    code = f"import sys, {module}; print([m for m in ('torch', 'transformers', 'numpy') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_fim_does_no_input_or_output() -> None:
    forbidden = {"os", "io", "pathlib", "socket", "subprocess", "time", "asyncio", "threading", "logging"}
    for path in (ROOT / "fim").glob("*.py"):
        if path.name != "_data.py":  # which reads the tables beside the code
            modules = {module for module in imported_modules(path) if module.split(".")[0] in forbidden}
            assert modules <= {"pathlib", "pathlib.PurePosixPath"}, path


@pytest.mark.parametrize(
    "path",
    sorted(p for folder in (*MAY_IMPORT, "tests", "bench") for p in (ROOT / folder).rglob("*.py")),
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
