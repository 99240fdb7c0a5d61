"""What a model is asked for a task, and where its answer ends: by the bare engine, and as the product shows it."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from threading import Event

import published_sets as sets
import pytest
from fake_engine import INFO, LIMITS, FakeEngine
from seekline import fim, model
from seekline.learn.errors import SetUnreadable
from seekline.learn.eval.sets.answering import Answer, Oracle, ProductAnswerer, RawAnswerer, Shuffled
from seekline.learn.eval.sets.readers import read_tasks
from seekline.learn.eval.sets.task import SetTask
from seekline.learn.repository import Completed, Repository
from seekline.model import Tokenizer, embedded_folder

DEEPSEEK = fim.all_formats()["deepseek-coder"]
PLAIN = fim.all_formats()["plain"].with_begin(None)


class IdsEngine(FakeEngine):
    """One that is asked in ids of the embedded model's vocabulary."""

    def __init__(self, text: str, *, context_tokens: int = 4096, changes: int = 0) -> None:
        super().__init__(text)
        self.tokenizer = Tokenizer(embedded_folder())
        limits = replace(LIMITS, takes_ids=True, context_tokens=context_tokens, longest_prompt_tokens=context_tokens)
        self.known = replace(INFO, tokenizer=self.tokenizer, limits=limits)
        self.changes = changes

    def info(self) -> Future[model.EngineInfo]:
        known: Future[model.EngineInfo] = Future()
        known.set_result(self.known)
        return known

    def stream(self, request: model.CompletionRequest, cancel: Event) -> Generator[model.Piece, None, None]:
        if self.changes:
            self.changes -= 1
            raise model.InfoChanged
        return super().stream(request, cancel)


@pytest.fixture
def tasks(tmp_path: Path) -> list[SetTask]:
    return list(read_tasks(sets.write_lines(tmp_path / "set.jsonl", [sets.infilling(n) for n in (1, 2, 3)])))


def test_the_prompt_is_the_models_own_format(tasks: list[SetTask]) -> None:
    engine = IdsEngine("    result += 1\nmore")
    answer = RawAnswerer("fake", engine, DEEPSEEK).answer(tasks[1])
    assert answer == Answer(text="    result += 1\nmore")
    (request,) = engine.requests
    encode, control = engine.tokenizer.encode_text, engine.tokenizer.control_id
    assert request.ids == (
        *(control("<｜begin▁of▁sentence｜>"), control("<｜fim▁begin｜>")),
        *encode(tasks[1].prefix),
        control("<｜fim▁hole｜>"),
        *encode(tasks[1].suffix),
        control("<｜fim▁end｜>"),
    )
    assert (request.max_new_tokens, request.stop_ids) == (128, engine.tokenizer.control_ids)
    assert (request.copies, request.guide, request.search, request.lookup) == (None, None, None, None)
    assert request.sampling == model.GREEDY


def test_what_a_task_spells_is_text(tasks: list[SetTask]) -> None:
    engine = IdsEngine("")
    task = replace(tasks[1], prefix="<｜fim▁hole｜>\n", suffix="<｜fim▁end｜>\n")
    RawAnswerer("fake", engine, DEEPSEEK).answer(task)
    controls = [id for id in engine.requests[0].ids if id in engine.tokenizer.control_ids]
    assert len(controls) == 4


def test_a_model_without_holes_goes_on_left_to_right_and_says_so(tasks: list[SetTask]) -> None:
    engine = IdsEngine("x")
    answerer = RawAnswerer("fake", engine, PLAIN)
    answerer.answer(tasks[1])
    assert engine.requests[0].ids == tuple(engine.tokenizer.encode_text(tasks[1].prefix))
    assert answerer.mode == "raw, left to right"
    assert "sees no suffix" in answerer.notes[0]
    assert RawAnswerer("fake", engine, DEEPSEEK).notes == ()


def test_where_there_is_no_hole_every_model_goes_on_left_to_right(tmp_path: Path) -> None:
    engine = IdsEngine("\n    return 1\n\ndef other():\n    pass\n")
    (task,) = read_tasks(sets.write_lines(tmp_path / "set.jsonl", [sets.humaneval(1)]))
    answer = RawAnswerer("fake", engine, DEEPSEEK).answer(task)
    assert answer.text == "\n    return 1\n"
    begin = engine.tokenizer.begin_token
    head = [] if begin is None else [engine.tokenizer.control_id(begin)]
    assert engine.requests[0].ids == (*head, *engine.tokenizer.encode_text(task.prefix))
    assert engine.requests[0].max_new_tokens == 500


def test_the_last_line_of_a_function_is_a_hole_too(tasks: list[SetTask]) -> None:
    engine = IdsEngine("x")
    RawAnswerer("fake", engine, DEEPSEEK).answer(tasks[2])
    assert tasks[2].suffix == ""
    assert engine.requests[0].ids[-2:] == tuple(
        engine.tokenizer.control_id(token) for token in ("<｜fim▁hole｜>", "<｜fim▁end｜>")
    )


def test_a_task_beyond_the_context_is_cut_and_counted(tasks: list[SetTask]) -> None:
    engine = IdsEngine("x", context_tokens=256)
    task = replace(tasks[1], prefix="first = 1\n" * 400 + "last = 2\n", suffix="near = 3\n" + "far = 4\n" * 400)
    answer = RawAnswerer("fake", engine, DEEPSEEK).answer(task)
    request = engine.requests[0]
    assert answer.is_cut
    assert len(request.ids) + request.max_new_tokens <= 256
    assert request.prefix.endswith("last = 2\n")
    assert request.suffix.startswith("near = 3\n")
    assert len(engine.tokenizer.encode_text(request.suffix)) > 32


def test_an_engine_that_takes_text_is_asked_in_text(tasks: list[SetTask]) -> None:
    engine = FakeEngine("x")
    RawAnswerer("fake", engine, DEEPSEEK).answer(tasks[1])
    (request,) = engine.requests
    assert (request.ids, request.prefix, request.suffix) == ((), tasks[1].prefix, tasks[1].suffix)
    assert request.pieces[0] == model.ControlToken("<｜begin▁of▁sentence｜>")


def test_each_task_is_as_if_it_were_the_first(tasks: list[SetTask]) -> None:
    engine = IdsEngine("x", changes=2)
    answerer = RawAnswerer("fake", engine, DEEPSEEK, max_new_tokens=7)
    for task in tasks:
        assert answerer.answer(task).text == "x"
    assert {request.max_new_tokens for request in engine.requests} == {7}
    assert len(engine.forgotten) == len(tasks) + 2, "once more for each time that other limits hold"


class FolderOnly:
    def __init__(self, root: Path) -> None:
        self.root = root


class FakeCompleter:
    """Remembers where it was asked, and what the file on the disk was then."""

    name = identity = "fake"
    info = INFO

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[tuple[str, str]] = []

    def complete(self, repository: Repository, document: fim.Document, cursor: fim.Cursor) -> Completed:
        (file,) = repository.root.iterdir()
        text = file.read_text("utf-8")
        assert text == "".join(document.lines)
        before = "".join(document.lines[: cursor.line]) + document.before(cursor)
        self.asked.append((before, text[len(before) :]))
        return Completed(text=self.text, is_shown=False)


def product(completer: FakeCompleter) -> ProductAnswerer:
    return ProductAnswerer(completer, lambda folder: FolderOnly(folder))  # type: ignore[arg-type,return-value]


def test_the_product_completes_an_empty_line(tasks: list[SetTask]) -> None:
    completer = FakeCompleter("result += number")
    answer = product(completer).answer(tasks[1])
    assert answer == Answer(text=tasks[1].solution, is_shown=False)
    assert completer.asked == [(tasks[1].prefix + "    ", "\n" + tasks[1].suffix)]
    assert product(FakeCompleter("")).answer(tasks[1]).text == ""


def test_the_product_completes_within_a_line(tasks: list[SetTask]) -> None:
    task = replace(tasks[1], prefix="result = number", suffix=" * 2\n", solution="s + 1")
    completer = FakeCompleter("s + 1")
    assert product(completer).answer(task).text == "s + 1"
    assert completer.asked == [("result = number", " * 2\n")]


def test_the_product_is_not_asked_without_a_hole(tmp_path: Path) -> None:
    (task,) = read_tasks(sets.write_lines(tmp_path / "set.jsonl", [sets.humaneval(1)]))
    with pytest.raises(SetUnreadable, match="HumanEval has no holes"):
        product(FakeCompleter("x")).answer(task)


def test_controls(tasks: list[SetTask]) -> None:
    assert [Oracle().answer(task).text for task in tasks] == [task.solution for task in tasks]
    shuffled = Shuffled(tasks, seed=1)
    found = [shuffled.answer(task).text for task in tasks]
    assert sorted(found) == sorted(task.solution for task in tasks)
    assert all(text != task.solution for text, task in zip(found, tasks, strict=True))
