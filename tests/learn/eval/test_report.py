"""Controls, the report and its page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fake_engine import INFO
from seekline.learn.eval.controls import control
from seekline.learn.eval.page import page, write_page
from seekline.learn.eval.places import Place, draw_places
from seekline.learn.eval.report import Report, make_report
from seekline.learn.eval.run import Outcome, outcomes
from seekline.learn.history import History
from seekline.server.cli.asking import FolderRepository
from seekline.server.settings.settings import Settings

HOSTILE = "</pre><script src='http://example.com/x.js'></script><img src=x onerror=alert(1)>&{{ 7 * 7 }}"


@pytest.fixture
def repository(tmp_path: Path) -> FolderRepository:
    for name in ("one", "two"):
        lines = [f"def {name}_{n}(value):\n    first_{n} = value\n    return first_{n} + {n}\n\n" for n in range(30)]
        (tmp_path / f"{name}.py").write_text("".join(lines))
    return FolderRepository(tmp_path, Settings())


@pytest.fixture
def places(repository: FolderRepository) -> list[Place]:
    return draw_places(repository, History(root=repository.root), 30)


def report_of(repository: FolderRepository, places: Sequence[Place], *names: str) -> Report:
    found: dict[str, list[Outcome]] = {}
    for name in names:
        found[name] = list(outcomes(repository, places, [control(name, places, INFO)]))
    return make_report(found, {"repository": "here"}, ["A note."])


def test_the_oracle_is_always_right_and_shuffled_answers_never(
    repository: FolderRepository, places: list[Place]
) -> None:
    report = report_of(repository, places, "oracle", "shuffled")
    oracle, shuffled = [own.figures.measures for own in report.variants]
    assert {estimate.value for estimate in oracle.values()} == {1.0}
    assert shuffled["exact_match"].value == 0
    assert shuffled["right_of_shown"].value == 0
    assert (shuffled["retained"].value or 0) < 0.05
    difference = report.variants[1].differences["exact_match"]
    assert (difference.value, difference.low, difference.high) == (-1, -1, -1)
    assert report.variants[0].differences == {}


def test_groups_add_up(repository: FolderRepository, places: list[Place]) -> None:
    (own,) = report_of(repository, places, "oracle").variants
    assert set(own.groups) == {"kind", "language", "recency"}
    for figures in own.groups.values():
        assert sum(each.places for each in figures.values()) == len(places)


def test_the_worst_cases_come_first(repository: FolderRepository, places: list[Place]) -> None:
    cases = report_of(repository, places, "shuffled").cases
    assert len(cases) == len(places)
    similarities = [case.answers[0].similarity for case in cases]
    assert similarities == sorted(similarities)
    assert cases[0].before.count("\n") <= 7


def test_an_interrupted_measurement_compares_what_both_have(repository: FolderRepository, places: list[Place]) -> None:
    whole = list(outcomes(repository, places, [control("oracle", places, INFO)]))
    part = list(outcomes(repository, places, [control("shuffled", places, INFO)]))[:4]
    report = make_report({"oracle": whole, "shuffled": part, "never begun": []}, {"repository": "here"}, [])
    assert [own.figures.places for own in report.variants] == [30, 4]
    assert report.variants[1].differences["exact_match"].value == -1
    assert "shuffled" in page(report)


def test_latencies_are_of_what_was_generated(repository: FolderRepository, places: list[Place]) -> None:
    (own,) = report_of(repository, places, "oracle").variants
    assert own.figures.total_ms.median is None


class Reader(HTMLParser):
    """What a page has: its tags, and what they ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_asks_for_nothing_and_runs_nothing(tmp_path: Path) -> None:
    lines = "".join(f"def f{n}(value):\n    return '{HOSTILE}', value + {n}\n\n" for n in range(9))
    (tmp_path / "<b>bold.py").write_text(lines)
    repository = FolderRepository(tmp_path, Settings())
    places = draw_places(repository, History(root=repository.root), 9)
    found = {HOSTILE: list(outcomes(repository, places, [control("shuffled", places, INFO)]))}
    found["other"] = found[HOSTILE]
    text = page(make_report(found, {"repository": HOSTILE}, [HOSTILE]))
    reader = Reader(text)
    assert not reader.tags & {"script", "img", "link", "iframe", "object", "a", "b", "form"}
    assert not [name for name, _ in reader.attributes if name in ("src", "href") or name.startswith("on")]
    assert HOSTILE in reader.text
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_the_plots_are_well_formed(repository: FolderRepository, places: list[Place]) -> None:
    text = page(report_of(repository, places, "oracle", "shuffled"))
    plots = ["<svg" + part.partition("</svg>")[0] + "</svg>" for part in text.split("<svg")[1:]]
    assert len(plots) == 7
    for plot in plots:
        root = ElementTree.fromstring(plot)
        width = float(root.attrib["width"])
        for rect in root.iter("rect"):
            assert 0 <= float(rect.attrib["width"]) <= width
    assert "prefers-color-scheme: dark" in text


def test_the_page_is_written_whole(repository: FolderRepository, places: list[Place], tmp_path: Path) -> None:
    report = report_of(repository, places, "oracle")
    write_page(report, tmp_path / "out" / "page.html")
    assert (tmp_path / "out" / "page.html").read_text("utf-8") == page(report)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["page.html"]
    json.dumps(report.as_json())


def test_a_report_of_nothing() -> None:
    report = make_report({}, {"repository": "here"}, [])
    assert report.variants == report.cases == ()
    assert "here" in page(report)
