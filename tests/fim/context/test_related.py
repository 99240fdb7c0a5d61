"""Which files are near a document, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from marked import place
from project_files import project, workspace, write
from seekline import fim
from seekline.fim.code import Grammar, Outline, Variable, read_source
from seekline.server.workspace.view import View

CODE = "from far.away.imported import it\n\nx = ▮\n"
FILES = {
    "pkg/main.py": "",
    "pkg/beside.py": "",
    "pkg/below/child.py": "",
    "top.py": "",
    "far/away/imported.py": "",
    "far/away/other.py": "",
    "pkg/data.json": "{}",
    "pkg/page.ts": "",
}


def related(root: Path, files: dict[str, str], code: str = CODE, name: str = "pkg/main.py") -> list[str]:
    view = project(workspace(write(root, files)), root, name)
    return list(fim.related_paths(*place(code, name), view))


def test_imports_come_first_and_then_the_way_counts(tmp_path: Path) -> None:
    found = related(tmp_path, FILES)
    assert found[:2] == ["far/away/imported.py", "pkg/beside.py"]
    assert set(found[2:4]) == {"top.py", "pkg/below/child.py"}
    assert found[4:] == ["far/away/other.py"]


def test_no_file_of_another_kind_and_not_the_document_itself(tmp_path: Path) -> None:
    assert {"pkg/data.json", "pkg/page.ts", "pkg/main.py"}.isdisjoint(related(tmp_path, FILES))


def test_a_document_without_a_grammar(tmp_path: Path) -> None:
    files = {"a/notes.txt": "", "a/more.txt": "", "b/other.txt": "", "a/code.py": ""}
    assert related(tmp_path, files, "some ▮", "a/notes.txt") == ["a/more.txt", "b/other.txt"]


def test_imports_are_read_anew_where_the_head_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def counted(lines: Sequence[str], grammar: Grammar, comment: str | None) -> tuple[Outline, tuple[Variable, ...]]:
        read.append(len(lines))
        return read_source(lines, grammar, comment)

    monkeypatch.setattr(View, "source", staticmethod(counted))
    space, long = workspace(write(tmp_path, FILES)), "a = 1\n" * 1000

    def first(code: str) -> str:
        return next(fim.related_paths(*place(code, "pkg/main.py"), project(space, tmp_path, "pkg/main.py")))

    head = "from far.away.imported import it\n"
    assert first(head + long + "▮") == "far/away/imported.py"
    assert first(head + long + "x▮\n") == first(head + long + "x\n\n▮") == "far/away/imported.py"
    assert read == [200]
    assert first(head + "▮" + long) == first(head + "x▮" + long) == "far/away/imported.py"
    assert read == [200, 200]
    assert first("from far.away.other import it\nx▮" + long) == "far/away/other.py"
