"""The golden files per language: which lines of other files a cursor's context shows."""

from pathlib import Path
from typing import Any

import pytest
import tomli
from marked import place
from memory_project import MemoryProject
from seekline import fim
from seekline.fim.code.grammars import all_grammars, grammar_of
from seekline.fim.context import gather
from seekline.fim.context.evidence.notebook import Evidence
from seekline.fim.context.names.entities import Module
from seekline.fim.context.names.members import Names
from seekline.fim.context.scope import read_scope

FOLDER = Path(__file__).parents[2] / "golden" / "context"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(FOLDER.glob("*.toml"))
    for case in tomli.loads(file.read_text("utf-8"))["case"]
]


@pytest.mark.parametrize("case", CASES)
def test_context(case: dict[str, Any]) -> None:
    document, cursor = place(case["cursor"], case["path"])
    project = MemoryProject({**case["files"], case["path"]: "this is not what the editor has"})
    context = gather(document, cursor, project, case.get("tokens", 2000), lambda text: len(text.split()) + 1)
    shown = [line.strip() for line in context.text.splitlines()]
    for line in case.get("shown", ()):
        assert line.strip() in shown, context.text
    for line in case.get("hidden", ()):
        assert line.strip() not in shown, context.text
    if "members" in case:
        assert set(case["members"]) <= likely_members(document, cursor, project)
    if "order" in case:
        assert [part.path for part in context.parts] == case["order"]


def likely_members(document: fim.Document, cursor: fim.Cursor, project: fim.Project) -> set[str]:
    """Those of all that the expression before the cursor may be."""
    grammar = grammar_of(document.path, document.language)
    assert grammar is not None
    scope = read_scope(document, cursor, grammar)
    names = Names(project, document, scope.outline, grammar)
    receiver = Evidence(scope, names).receiver
    assert receiver is not None
    found: set[str] = set()
    for entity in receiver.entities:
        symbols = names.contents(entity) if isinstance(entity, Module) else names.members(entity)[0]
        found.update(names.definition(symbol).name for symbol in symbols)
    return found


def test_a_language_without_a_grammar_has_no_symbols() -> None:
    document, cursor = place("▮", "notes.txt")
    assert gather(document, cursor, MemoryProject({"a.py": "A = 1"}), 100, len).parts == ()


def test_every_grammar_has_its_cases() -> None:
    assert {file.stem for file in FOLDER.glob("*.toml")} == set(all_grammars())
