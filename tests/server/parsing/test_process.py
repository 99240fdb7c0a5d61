"""The process that parses: what it says is what the parsers say, and no text keeps it, or those who wait, for good."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest
from project_files import project, workspace, write
from seekline.fim.code import all_grammars, read_source
from seekline.server.parsing import ParserProcess, leaving_when, process

# The parser for TypeScript takes minutes for this, in a single call that lets no other thread run.
ENDLESS = "a<b," * 25_000
# Repeated, these open what is never closed, chain, or are no code at all.
UNITS = [
    *[
        "(",
        "[",
        "{",
        "({",
        "a.",
        "a(",
        "a[",
        "a<",
        "a::",
        "a->",
        "!",
        "a?b:",
        "a=",
        "a,",
        "=> ",
        "x => ",
        "lambda:",
        "::",
    ],
    *['"', "'", "`", '"""', "/*", "<<A\n", "<<<A\n", "%q(", '"#{', '"${', "`${", 'R"(', "[[", "[=[", "@a ", "#if a\n"],
    *[
        "if a:\n",
        "if(a){",
        "else if(a){",
        "def a\n",
        "class A{",
        "class A<",
        "function(){",
        "case a:",
        "use a::{",
        "use A\\{",
    ],
    *["import a.{", "type A<", "=begin\n", "<?php ", "<a b={", "a\n", "\\", "\0", "é", "\ud800", "let a=", "\r", "\f"],
]


@pytest.fixture
def parser() -> Iterator[ParserProcess]:
    made = ParserProcess()
    yield made
    made.close()


def test_a_text_says_the_same_in_the_child(parser: ParserProcess) -> None:
    lines = Path(process.__file__).read_text("utf-8").splitlines(keepends=True)
    python = all_grammars()["python"]
    outline, variables = parser.read_source(lines, python, "#", name="a.py")
    here, variables_here = read_source(lines, python, "#")
    assert (outline.definitions, outline.imports, variables) == (here.definitions, here.imports, variables_here)
    assert parser.read_outline(lines, python, "#", name="a.py").definitions == here.definitions


def test_a_text_that_stalls_the_parser_is_given_up_while_others_run(
    parser: ParserProcess, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    grammars = all_grammars()
    ticks, over = 0, Event()

    def tick() -> None:
        nonlocal ticks
        while not over.wait(0.01):
            ticks += 1

    assert parser.read_outline(["let a = 1\n"], grammars["typescript"], "//", name="warm.ts").definitions
    monkeypatch.setattr(process, "_LIMIT_S", 1.0)
    ticking = Thread(target=tick)
    ticking.start()
    with caplog.at_level(logging.WARNING):
        assert not parser.read_outline([ENDLESS], grammars["typescript"], "//", name="endless.ts").definitions
    over.set()
    ticking.join()
    assert ticks >= 20, "while the parser works, other threads run"
    assert [message.partition(" is used")[0] for message in caplog.messages] == ["endless.ts"]
    assert parser.read_outline(["def a(): ...\n"], grammars["python"], "#", name="next.py").definitions


def test_a_file_that_stalls_the_parser_is_tried_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(process, "_LIMIT_S", 1.0)
    lines = "".join(f"{ENDLESS[:300]}\n" for _ in range(len(ENDLESS) // 300))
    space = workspace(write(tmp_path, {"a.ts": lines, "b.ts": "export const b = 1\n"}))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            view = project(space, tmp_path)
            assert not view.outline("a.ts").definitions
            assert view.outline("b.ts").definitions
    assert len([message for message in caplog.messages if message.startswith("a.ts is used")]) == 1


class Left(Exception):
    pass


def test_who_waits_may_leave_and_the_answer_is_there_for_the_next(
    parser: ParserProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the child takes: it goes on with a text that is likely to be asked for again."""
    python = all_grammars()["python"]
    begin, asked = Event(), list[process.ParseJob]()
    answer = parser._answer

    def slow(job: process.ParseJob) -> object:
        asked.append(job)
        assert begin.wait(30)
        return answer(job)

    def leave() -> None:
        raise Left

    monkeypatch.setattr(parser, "_answer", slow)
    with pytest.raises(Left), leaving_when(leave):
        parser.read_outline(["a = 1\n"], python, "#", name="a.py")
    begin.set()
    assert [found.name for found in parser.read_outline(["a = 1\n"], python, "#", name="a.py").definitions] == ["a"]
    assert len(asked) == 1, "it was read once"
    assert [found.name for found in parser.read_outline(["b = 1\n"], python, "#", name="b.py").definitions] == ["b"]


def test_a_child_that_dies_is_replaced(parser: ParserProcess) -> None:
    python = all_grammars()["python"]
    for _ in range(2):
        assert parser.read_outline(["a = 1\n"], python, "#", name="a.py").definitions
        assert parser._child is not None
        parser._child.kill()
        parser._child.wait()
        assert not parser.read_outline(["a = 1\n"], python, "#", name="a.py").definitions


@pytest.mark.parametrize("grammar", all_grammars().values(), ids=lambda grammar: grammar.name)
def test_no_text_is_an_error(grammar: object, parser: ParserProcess, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        for unit in UNITS:
            text = unit * (1500 // len(unit))
            lines = [f"{line}\n" for line in text.split("\n")]
            parser.read_source(lines, grammar, "//", name=repr(unit))  # type: ignore[arg-type]
    assert caplog.messages == []


def test_the_child_ends_with_its_parent() -> None:
    code = (
        "import os; from seekline.fim.code import all_grammars; from seekline.server.parsing import parser_process\n"
        "process = parser_process()\n"
        "process.read_outline(['a = 1'], all_grammars()['python'], '#', name='a.py')\n"
        "print(process._child.pid, flush=True); os._exit(0)"
    )
    pid = int(subprocess.check_output([sys.executable, "-c", code], timeout=60))
    for _ in range(3000):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return
        except psutil.NoSuchProcess:
            return
        time.sleep(0.01)
    pytest.fail("the child outlives its parent")


def test_no_module_of_the_current_folder_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["pickle", "seekline", "tree_sitter", "signal", "tomli"]
    write(tmp_path, {f"{name}.py": "open('ran', 'w').close()\n" for name in names})
    monkeypatch.chdir(tmp_path)
    parser = ParserProcess()
    assert parser.read_outline(["a = 1\n"], all_grammars()["python"], "#", name="a.py").definitions
    parser.close()
    assert not (tmp_path / "ran").exists()


def test_the_document_is_read_in_the_child_too() -> None:
    assert workspace(Path("nowhere")).project_of(Path("nowhere/a.py")).source is process.read_source
