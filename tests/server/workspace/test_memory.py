"""The memory of a root: what is made of its files counts in its bound, and goes with them."""

from __future__ import annotations

import gc
from pathlib import Path
from weakref import ref

import pytest
from project_files import project, workspace, write
from seekline import fim
from seekline.server.workspace import Buffers, index
from seekline.server.workspace.memory import Memory

FILES = 20


class Line(str):
    """A line that can be watched: plain texts cannot be referred to weakly."""


class Value:
    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes


def text_of(folder: int, number: int) -> str:
    """A file that shares names with those beside it, and imports one."""
    imports = f"from .module_{folder * 5 + (number + 1) % 5} import of_{folder}_7\n"
    functions = [f"def of_{folder}_{n}(value): return of_{folder}_{n + number}(value.part)\n" for n in range(100)]
    return imports + "".join(functions)


def files_of_folders() -> dict[str, str]:
    return {f"folder_{n // 5}/module_{n}.py": text_of(n // 5, n % 5) for n in range(FILES)}


def gather(view: fim.Project, path: str) -> fim.Context:
    document = view.document(path)
    assert document is not None
    cursor = fim.Cursor(line=50, column=0)
    return fim.gather(document, cursor, view, 3000, lambda text: len(text) // 4)


def test_no_line_stays_alive_beyond_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[ref[Line]] = []

    def watched(text: str) -> list[str]:
        lines = [Line(line) for line in split_lines(text)]
        given.extend(map(ref, lines))
        return list[str](lines)

    split_lines = fim.split_lines
    write(tmp_path, files_of_folders())
    monkeypatch.setattr(fim, "split_lines", watched)
    monkeypatch.setattr(index, "CONTEXT_BYTES", 500_000)
    space = workspace(tmp_path)
    contexts = [gather(project(space, tmp_path, path), path) for path in files_of_folders()]
    gc.collect()
    alive = sum(len(line) for line in (kept() for kept in given) if line is not None)
    assert all(context.parts for context in contexts)
    assert len(given) >= FILES * 100
    assert alive <= space.used_bytes <= 500_000
    del space
    gc.collect()
    assert all(kept() is None for kept in given)


def test_what_is_made_of_files_counts(tmp_path: Path) -> None:
    write(tmp_path, files_of_folders())
    space = workspace(tmp_path)
    view = project(space, tmp_path, "folder_0/module_0.py")
    for path in view.paths.files_in("folder_0"):
        view.outline(path)
    before = space.used_bytes
    gather(view, "folder_0/module_0.py")
    assert space.used_bytes > before + 4 * 20_000  # the words of four neighbours


def test_what_was_made_of_a_document_goes_when_it_is_closed(tmp_path: Path) -> None:
    files, buffers = files_of_folders(), Buffers()
    write(tmp_path, files)
    space = workspace(tmp_path, buffers=buffers)
    path = "folder_0/module_0.py"
    buffers.opened(tmp_path / path, lambda: tuple(fim.split_lines(files[path])), "python")
    view = project(space, tmp_path, path)
    gather(view, path)
    assert view.kept.get(path, "other lines") is not None
    buffers.closed(tmp_path / path)
    assert project(space, tmp_path, "folder_1/module_5.py").paths
    assert view.kept.get(path, "other lines") is None
    assert view.outline(path).definitions


def test_values_that_grew_are_measured_again_and_the_oldest_go() -> None:
    memory = Memory(100)
    grown = Value(10)
    memory.put("a", "", Value(40))
    memory.put("b", "", grown)
    grown.size_bytes = 70
    assert memory.used_bytes == 50
    memory.put("b", "", grown)
    assert (memory.used_bytes, memory.get("a"), memory.get("b")) == (70, None, grown)
    memory.put("c", "", Value(1000))
    assert (len(memory), memory.used_bytes) == (1, 1000)


def test_all_of_a_file_goes_with_it() -> None:
    memory = Memory(100)
    memory.put("a", "", Value(1))
    memory.put("a", "words", Value(2))
    memory.put("b", "words", Value(4))
    memory.discard_made("a")
    assert (memory.used_bytes, memory.get("a", "words")) == (5, None)
    memory.put("a", "words", Value(2))
    memory.discard("a")
    assert (memory.used_bytes, memory.get("a"), len(memory)) == (4, None, 1)
