"""What the documents say of the tree is so."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
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


NOT_OURS = (".", "build", "dist", "node_modules")
READ = {".cfg", ".el", ".in", ".js", ".json", ".lua", ".md", ".py", ".sh", ".svg", ".toml", ".txt", ".yaml"}
# The name is published nowhere, so whoever installs it from an index gets nothing, or what a stranger put there.
FROM_AN_INDEX = re.compile(
    r"\b(?:pip3?|pipx|uv|tool|conda|brew)\s+(?:install|add|run)(?:\s+-[-\w=./]+)*\s+['\"]?seekline(?![\w/-]|\.\w)|\buvx\s+seekline\b"
)
NAME = "seekline"


@pytest.mark.parametrize(
    ("text", "is_from_an_index"),
    [
        (f"pipx install {NAME}", True),
        (f"python -m pip install --upgrade '{NAME}[gpu]'", True),
        (f"`uv tool install {NAME}`, say", True),
        (f"Install it with pipx\ninstall {NAME}.", True),
        (f"uvx {NAME} serve", True),
        ("pipx install .", False),
        ("pip install '.[gpu]'", False),
        (f"pip install ./{NAME}", False),
        (f"pip install {NAME}-0.1.0-py3-none-any.whl", False),
        (f"code --install-extension {NAME}-0.1.0.vsix", False),
        (f"pipx uninstall {NAME}", False),
    ],
)
def test_what_installs_from_an_index_is_known(text: str, is_from_an_index: bool) -> None:
    assert (FROM_AN_INDEX.search(text) is not None) == is_from_an_index


def texts() -> Iterator[Path]:
    """The files that a user or a programmer reads; none of what was installed or built."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name == ".ci" or not name.startswith(NOT_OURS)]
        for name in sorted(names):
            path = Path(folder, name)
            if name == "run" or path.suffix in READ:
                yield path


def test_nobody_is_told_to_install_seekline_from_an_index() -> None:
    told = [path.relative_to(ROOT).as_posix() for path in texts() if FROM_AN_INDEX.search(path.read_text("utf-8"))]
    assert told == [], "the name is not published: say `pipx install .` in a clone"


def test_the_texts_of_the_tree_are_seen() -> None:
    seen = {path.relative_to(ROOT).as_posix() for path in texts()}
    assert {"README.md", "CONTRIBUTING.md", "setup.py", ".ci/run", "server/cli/doctor.py", "editors/README.md"} <= seen
    assert {"editors/vscode/extension.js", "editors/vscode/package.json", "editors/emacs/seekline.el"} <= seen


DOCUMENTS = sorted(path for path in texts() if path.suffix == ".md")
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    targets = [target.partition("#")[0] for target in LINK.findall(path.read_text("utf-8")) if "://" not in target]
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_table_of_benchmarks_names_every_program() -> None:
    bench = ROOT / "bench"
    named = LINK.findall((bench / "README.md").read_text("utf-8"))
    programs = [path.name for path in bench.glob("*.py") if '__name__ == "__main__"' in path.read_text("utf-8")]
    assert set(programs) - set(named) == set()
