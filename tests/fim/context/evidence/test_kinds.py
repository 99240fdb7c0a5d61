"""One kind of evidence a file: each file of the folder is in the list, and notes something of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from marked import place
from memory_project import MemoryProject
from seekline.fim.code import grammar_of
from seekline.fim.context.evidence import calls, imports, kinds, receiver
from seekline.fim.context.evidence.kinds import KINDS
from seekline.fim.context.evidence.notebook import Evidence
from seekline.fim.context.facts import Fact
from seekline.fim.context.names.members import Names
from seekline.fim.context.scope import read_scope

FOLDER = Path(kinds.__file__).parent
NO_KINDS = {"__init__", "kinds", "notebook", "signatures"}  # signatures come once the rest is ranked
FILES = {
    "client.py": "class Client:\n    def __init__(self, host): ...\n    def fetch(self, url): ...\n",
    "other.py": "def unrelated(): ...\n",
}


def evidence_of(code: str) -> Evidence:
    document, cursor = place(code, "main.py")
    grammar = grammar_of(document.path, document.language)
    assert grammar is not None
    scope = read_scope(document, cursor, grammar)
    return Evidence(scope, Names(MemoryProject(FILES), document, scope.outline, grammar))


def noted(evidence: Evidence) -> dict[str, set[Fact]]:
    return {evidence.names.definition(symbol).name: set(facts) for symbol, facts in evidence.facts.items()}


def test_every_file_is_a_kind_of_the_list() -> None:
    listed = {note.__module__.rpartition(".")[2] for note in KINDS}
    assert listed == {path.stem for path in FOLDER.glob("*.py")} - NO_KINDS
    assert len(KINDS) == len(listed)


def test_a_kind_notes_its_own_facts_alone() -> None:
    evidence = evidence_of("from client import Client\n\nc = Client(1)\nc.▮\n")
    receiver.note(evidence)
    members = {Fact.RECEIVER, Fact.RECEIVER_GROUP_SIZE}
    assert noted(evidence) == {"__init__": members, "fetch": members, "Client": {Fact.TYPE_OF_RECEIVER}}


def test_the_strongest_of_a_fact_stays_with_its_reason() -> None:
    evidence = evidence_of("from client import Client\n\nx = Client(▮\n")
    calls.note(evidence)
    (client,) = [symbol for symbol in evidence.facts if evidence.names.definition(symbol).name == "Client"]
    evidence.note(client, Fact.CALLED, 0.5, "weaker")
    assert evidence.facts[client][Fact.CALLED] == 1.0
    assert evidence.reasons[client][Fact.CALLED] == "called here: `Client`"


@pytest.mark.parametrize(("use", "fact"), [("", Fact.UNUSED), ("Client(1)\n", Fact.IMPORTED)])
def test_an_import_is_used_or_not_yet(use: str, fact: Fact) -> None:
    evidence = evidence_of(f"from client import Client\n\n{use}▮\n")
    imports.note(evidence)
    assert fact in noted(evidence)["Client"]
