"""What the index knows of files: texts, buffers, outlines and manifests, each made once and kept under a bound."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from project_files import project, text_of, workspace, write
from seekline import fim
from seekline.fim import code
from seekline.server.workspace import Buffers, Workspace, index, reading
from seekline.server.workspace import view as view_module


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The first lines of the texts that were parsed."""
    seen: list[str] = []

    class Parser:
        def read_outline(self, lines: Sequence[str], *rest: Any, name: str) -> code.Outline:
            seen.append(lines[0].strip())
            return code.read_outline(lines, *rest)

    monkeypatch.setattr(reading, "parser_process", Parser)
    return seen


def lines_of(text: str) -> Callable[[], tuple[str, ...]]:
    return lambda: tuple(fim.split_lines(text))


def names(view: fim.Project, path: str) -> list[str]:
    return [item.name for item in view.outline(path).definitions]


def test_nothing_is_parsed_before_it_is_asked_for_nor_twice(tmp_path: Path, parsed: list[str]) -> None:
    write(tmp_path, {"a.py": "def a(): ...\n", "b.py": "def b(): ...\n"})
    space = workspace(tmp_path)
    view = project(space, tmp_path)
    assert set(view.paths) == {"a.py", "b.py"}
    assert view.document("a.py")
    assert not parsed
    for _ in range(3):
        assert names(project(space, tmp_path), "a.py") == ["a"]
    assert parsed == ["def a(): ..."]
    os.utime(tmp_path / "a.py", (1, 1))
    assert names(project(space, tmp_path), "a.py") == ["a"]
    assert parsed == ["def a(): ..."], "touched, but not changed"


def test_a_change_on_the_disk_is_seen_without_any_event(tmp_path: Path) -> None:
    space = workspace(write(tmp_path, {"a.py": "def old(): ...\n"}))
    before = project(space, tmp_path)
    assert names(before, "a.py") == ["old"]
    write(tmp_path, {"a.py": "def new(): ...\n"})  # the same size, perhaps the same tick of the clock
    assert names(project(space, tmp_path), "a.py") == ["new"]
    assert names(before, "a.py") == ["old"], "one prompt sees one text"


def test_buffers_win_over_the_disk(tmp_path: Path, parsed: list[str]) -> None:
    write(tmp_path, {"a.py": "def disk(): ...\n", "b.py": ""})
    buffers = Buffers()
    space = workspace(tmp_path, buffers=buffers)
    path, text = tmp_path / "a.py", ["def buffer(): ...\n"]
    taken: list[str] = []
    buffers.opened(path, lambda: taken.append("") or tuple(text), "python")
    assert not taken
    assert names(project(space, tmp_path), "a.py") == ["buffer"]
    text[0] = "def typed(): ...\n"
    count = len(taken)
    for _ in range(5):
        buffers.edited(path)
    assert len(taken) == count, "a keystroke takes no snapshot"
    assert text_of(project(space, tmp_path), "a.py") == text[0]
    assert names(project(space, tmp_path), "a.py") == ["typed"]
    buffers.edited(path)
    assert names(project(space, tmp_path), "a.py") == ["typed"]
    assert parsed.count("def typed(): ...") == 1, "the text is the same"
    buffers.closed(path)
    assert names(project(space, tmp_path), "a.py") == ["disk"]


def test_an_open_file_that_was_never_saved_is_in_the_root_unless_it_is_ignored(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "*.tmp.py\n", "a.py": ""})
    buffers = Buffers()
    space = workspace(tmp_path, buffers=buffers)
    for name in ("new.py", "deep/new.py", "x.tmp.py", ".env"):
        buffers.opened(tmp_path / name, lines_of("def new(): ...\n"), "python")
    view = project(space, tmp_path)
    assert set(view.paths) == {".gitignore", "a.py", "new.py", "deep/new.py"}
    assert names(view, "deep/new.py") == ["new"]
    assert view.document("x.tmp.py") is None
    buffers.closed(tmp_path / "new.py")
    assert "new.py" not in project(space, tmp_path).paths


def test_recent_files_come_latest_first(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(("a.py", "b.py", "c.py", "node_modules/x.js"), ""))
    buffers = Buffers()
    space = workspace(tmp_path, buffers=buffers)
    for name in ("a.py", "b.py", "c.py", "node_modules/x.js"):
        buffers.opened(tmp_path / name, lines_of(""))
    buffers.edited(tmp_path / "a.py")
    buffers.closed(tmp_path / "b.py")
    assert list(project(space, tmp_path, "c.py").recent) == ["a.py", "b.py"]
    for number in range(100):
        buffers.opened(tmp_path / f"{number}.py", lines_of(""))
    assert len(project(space, tmp_path).recent) <= 32


def test_what_cannot_be_read_is_left_out_and_named_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, {"latin.py": "é = 1\n".encode("latin-1"), "wide.py": "x = 1\n".encode("utf-16"), "ok.py": "x\n"})
    space = workspace(tmp_path)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            view = project(space, tmp_path)
            assert [view.document(path) for path in ("latin.py", "wide.py")] == [None, None]
            assert view.outline("latin.py") == code.EMPTY
            assert text_of(view, "ok.py") == "x\n"
    assert len(caplog.messages) == 2
    for name in ("latin.py", "wide.py"):
        assert any(f"{name} is left out: it is not UTF-8" in message for message in caplog.messages)
    write(tmp_path, {"latin.py": "é = 1\n"})
    assert text_of(project(space, tmp_path), "latin.py") == "é = 1\n", "mended"


def test_large_binary_and_minified_files_are_left_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "large.py": "x = 1\n" * 900_000,
            "binary.py": b"x = 1\n\0",
            "mini.js": "var a=1;" * 1000,
            "marked.py": b"\xef\xbb\xbfx = 1\r\n",
        },
    )
    view = project(workspace(tmp_path), tmp_path)
    assert [view.document(path) for path in ("large.py", "binary.py", "mini.js", "gone.py")] == [None] * 4
    assert text_of(view, "marked.py") == "x = 1\r\n"


def test_memory_stays_under_its_bound(tmp_path: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "CONTEXT_BYTES", 100_000)
    files = {f"f{number:03}.py": f"def f{number}(): ...\n" + "# text\n" * 100 for number in range(100)}
    space = workspace(write(tmp_path, files))
    for path in files:
        assert names(project(space, tmp_path), path)
    (known,) = space._indexes.values()
    assert 0 < known.memory.used_bytes <= 100_000
    assert 1 < len(known.memory) < 50
    parsed.clear()
    assert names(project(space, tmp_path), "f099.py")
    assert not parsed, "the last one is still known"
    assert names(project(space, tmp_path), "f000.py")
    assert parsed, "the first one was forgotten"


def test_a_manifest_is_parsed_once_per_text_and_named_once_when_broken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, {"package.json": '{"name": "a"}', "tsconfig.json": "{ broken"})
    buffers = Buffers()
    space = workspace(tmp_path, buffers=buffers)
    calls: list[str] = []

    def parse(text: str) -> object:
        calls.append(text)
        return json.loads(text)

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            view = project(space, tmp_path)
            assert view.manifest("package.json", parse) == {"name": "a"}
            assert view.manifest("tsconfig.json", parse) is None
            assert view.manifest("nowhere.json", parse) is None
    assert len(calls) == 2
    assert [message for message in caplog.messages if "tsconfig.json" in message] == caplog.messages
    assert len(caplog.messages) == 1
    buffers.opened(tmp_path / "package.json", lines_of('{"name": "b"}'))
    assert project(space, tmp_path).manifest("package.json", parse) == {"name": "b"}


def test_the_memo_is_emptied_by_what_may_change_its_answers(tmp_path: Path) -> None:
    write(tmp_path, {"go.mod": "module a", "a.go": "package a\n"})
    buffers = Buffers()
    space = workspace(tmp_path, buffers=buffers)

    def remember() -> None:
        view = project(space, tmp_path)
        view.manifest("go.mod", str.upper)
        view.memo["answer"] = ("a.go",)

    def is_kept() -> bool:
        return "answer" in project(space, tmp_path).memo

    os.utime(tmp_path / "go.mod", (1, 1))
    reading_is_trusted_after(tmp_path / "go.mod")
    remember()
    assert is_kept()
    buffers.opened(tmp_path / "a.go", lines_of("package b\n"))
    assert is_kept(), "a text is no file that comes or goes"
    write(tmp_path, {"b.go": ""})
    space.changed(tmp_path / "b.go", "created")
    assert not is_kept()
    remember()
    write(tmp_path, {"go.mod": "module other"})
    assert not is_kept()


def reading_is_trusted_after(path: Path) -> None:
    """Waits until a change of the file is no longer so fresh that another one might hide behind it."""
    import time

    while time.time_ns() - path.stat().st_ctime_ns < 2 * reading._RACY_NS:
        time.sleep(0.01)


def test_of_files_nearby_only_so_much_that_is_new_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "NEARBY_CHARACTERS", 10)
    space = workspace(write(tmp_path, {"a.py": "def a(): ...\n", "b.py": "def b(): ...\n"}))

    def defined() -> list[str]:
        view = project(space, tmp_path)
        return [item.name for path in sorted(view.paths) for item in view.outline_within_budget(path).definitions]

    assert [defined(), defined()] == [["a"], ["a", "b"]]


def test_both_ways_to_ask_for_an_outline_see_the_same_in_one_prompt(tmp_path: Path) -> None:
    space = workspace(write(tmp_path, {"a.py": "def old(): ...\n"}))
    assert names(project(space, tmp_path), "a.py") == ["old"]
    view = project(space, tmp_path)
    nearby = view.outline_within_budget("a.py")
    write(tmp_path, {"a.py": "def new(): ...\n"})
    assert view.outline("a.py") is nearby


def test_who_is_patient_sees_all_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "NEARBY_CHARACTERS", 10)
    root = write(tmp_path, {"a.py": "def a(): ...\n", "b.py": "def b(): ...\n"})
    view = Workspace([root], (), patient=True).project_of(root / "-", ())
    assert [item.name for path in sorted(view.paths) for item in view.outline_within_budget(path).definitions] == [
        "a",
        "b",
    ]
