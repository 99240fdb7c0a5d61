"""What is written of a measurement: the same for the same figures, and a page on which nothing can run."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from seekline.learn.eval.published import published_of
from seekline.learn.eval.sandbox import Outcome
from seekline.learn.eval.sets.answering import Answer
from seekline.learn.eval.sets.answers import Answers
from seekline.learn.eval.sets.benchmarks import all_benchmarks
from seekline.learn.eval.sets.measure import measure
from seekline.learn.eval.sets.report import SetReport, notes_of, plots_of, rows_of, write_json, write_page
from seekline.learn.eval.sets.task import Program, SetTask

EVIL = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}\ud800"


class Evil:
    """Writes what no page may take for more than text."""

    name = f"model {EVIL}"
    mode = identity = "raw"
    notes = (f"note {EVIL}",)

    def answer(self, task: SetTask) -> Answer:
        return Answer(text=EVIL, is_cut=True)


@pytest.fixture
def report() -> SetReport:
    task = SetTask(
        id=f"id {EVIL}",
        benchmark="single-line",
        language="python",
        prefix=f"before {EVIL}\n",
        suffix=f"after {EVIL}\n",
        solution=f"solution {EVIL}\n",
        program=Program(before="", after=""),
    )
    with Answers(None) as answers:
        measured = measure([task], Evil(), answers, encode=None, run=lambda _: Outcome(end="error"))
    return SetReport(
        file=f"{EVIL}.jsonl",
        benchmark=all_benchmarks()["single-line"],
        limit=1,
        seed=0,
        sandbox="bubblewrap",
        measured=(measured,),
        published=published_of("single-line", frozenset({"python"})),
        is_nearest=True,
    )


class Reader(HTMLParser):
    """The elements of a page, their attributes, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_whatever_was_written_is_text_on_the_page(report: SetReport, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write_page(report, path)
    page = Reader()
    page.feed(path.read_text("utf-8"))
    assert page.tags.isdisjoint({"script", "img", "link", "iframe", "object", "a", "form"})
    assert page.attributes.isdisjoint({"src", "href", "onerror", "onload", "style"})
    for part in ("id", "before", "after", "solution", "model", "note"):
        assert f"{part} {EVIL[:-1]}" in page.text
    assert "57.4 %" in page.text
    assert {"svg", "rect", "table"} <= page.tags


def test_ours_stand_beside_what_is_published(report: SetReport) -> None:
    plots = {plot.title: plot.bars for plot in plots_of(report)}
    assert set(plots) == {"exact, python", "exact, first line, mean", "exact, first line, python"}
    ours, *theirs = plots["exact, python"]
    assert ours.is_ours
    assert [round(bar.value, 3) for bar in theirs] == [0.574, 0.666, 0.654]
    assert any("near, not the same" in note for note in notes_of(report))
    assert any("1 prompts were cut" in note for note in notes_of(report))
    assert [language for language, _ in rows_of(report.measured[0])] == ["python"]


def test_json_is_the_same_for_the_same_figures(report: SetReport, tmp_path: Path) -> None:
    for name in ("one.json", "two.json"):
        write_json(report, tmp_path / name)
    text = (tmp_path / "one.json").read_text("utf-8")
    assert text == (tmp_path / "two.json").read_text("utf-8")
    found = json.loads(text)
    assert found["models"][0]["figures"]["ends"] == {"error": 1}
    assert found["models"][0]["tasks"][0]["task_id"] == f"id {EVIL}"
    assert found["published"][0]["source"]


def test_nothing_is_written_by_halves(report: SetReport, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("the page before", "utf-8")
    broken = replace(report, measured=(None,))  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        write_page(broken, path)
    assert path.read_text("utf-8") == "the page before"
