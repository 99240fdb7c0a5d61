"""What was measured in a set, for other programs and as a page: the same figures, published ones beside them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...files import written_whole
from ...pages import rendered
from ..published import PublishedScore
from .benchmarks import Benchmark
from .measure import Case, Measured
from .scores import Figures

_PAGE = Path(__file__).with_name("page.html")
_SHOWN_CASES = 12
_SHOWN_LINES_BEFORE, _SHOWN_LINES_AFTER = 6, 3
_SHOWN_CHARACTERS = 2000
_BAR_WIDTH, _BAR_HEIGHT = 360, 18


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReport:
    """`file`: its name. `limit`, `seed`: which tasks were drawn; None of `limit`: all. `sandbox`: by what programs were
    contained; None where none was run. `is_nearest`: whether what is published is of another set."""

    file: str
    benchmark: Benchmark
    limit: int | None
    seed: int
    sandbox: str | None
    measured: tuple[Measured, ...]
    published: tuple[PublishedScore, ...]
    is_nearest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a plot. `value`: from 0 to 1."""

    label: str
    value: float
    is_ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Bars of one measure in one language."""

    title: str
    bars: tuple[Bar, ...]


# Each figure that a table shows, and what it is called there.
COLUMNS = {
    "exact": "exact",
    "edit": "edit similarity",
    "first_token": "first token",
    "exact_first_line": "exact, first line",
    "edit_first_line": "edit, first line",
    "pass_at_1": "pass@1",
    "pass_at_1_first_line": "pass@1, first line",
    "shown": "shown",
}


def columns_of(report: SetReport) -> dict[str, str]:
    """The figures that any model has."""
    return {
        name: title
        for name, title in COLUMNS.items()
        if any(getattr(each.figures, name) is not None for each in report.measured)
    }


def rows_of(measured: Measured) -> list[tuple[str, Figures]]:
    """Its figures by language; one row where there is one language."""
    rows = list(measured.by_language.items())
    return rows if len(rows) == 1 else [*rows, ("all", measured.figures)]


def in_percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def notes_of(report: SetReport) -> list[str]:
    """What a reader of the figures should know."""
    notes = [report.benchmark.convention]
    for each in report.measured:
        notes += [note for note in each.notes if note not in notes]
        if each.figures.cut_tasks:
            notes.append(f"{each.name}, {each.mode}: {each.figures.cut_tasks} prompts were cut to its context")
    if report.measured and any(each.figures.exact_first_line is not None for each in report.measured):
        tasks = max(each.figures.one_line_tasks for each in report.measured)
        notes.append(f"first line: of the {tasks} tasks whose solution is one line")
    if report.is_nearest and report.published:
        notes.append("what is published is of another set of the same functions (SantaCoder's): near, not the same")
    return notes


def plots_of(report: SetReport) -> list[Plot]:
    """Ours beside what is published, for each measure and language in which something is."""
    found: list[Plot] = []
    for name, title in columns_of(report).items():
        published = [score for score in report.published if score.measure == name]
        for language in sorted({score.language for score in published}):
            theirs = [
                Bar(label=f"{score.model}, published", value=score.value, is_ours=False)
                for score in published
                if score.language == language
            ]
            found.append(Plot(title=f"{title}, {language}", bars=(*_own_bars(report, language, name), *theirs)))
    return found


def _own_bars(report: SetReport, language: str, name: str) -> list[Bar]:
    bars: list[Bar] = []
    for each in report.measured:
        figures = each.figures if language == "mean" else each.by_language.get(language)
        value = None if figures is None else getattr(figures, name)
        if value is not None:
            bars.append(Bar(label=f"{each.name} ({each.mode})", value=value, is_ours=True))
    return bars


def write_json(report: SetReport, path: Path) -> None:
    """Whole or not at all. The same for the same figures: no times, no machine. Raises `OSError`."""
    with written_whole(path) as draft:
        draft.write_text(json.dumps(as_json(report), indent=1) + "\n", "utf-8")


def as_json(report: SetReport) -> dict[str, Any]:
    return {
        "file": report.file,
        "set": report.benchmark.name,
        "convention": report.benchmark.convention,
        "limit": report.limit,
        "seed": report.seed,
        "sandbox": report.sandbox,
        "notes": notes_of(report),
        "models": [
            {
                "name": each.name,
                "mode": each.mode,
                "figures": asdict(each.figures),
                "by_language": {language: asdict(figures) for language, figures in each.by_language.items()},
                "tasks": [asdict(score) for score in each.scores],
            }
            for each in report.measured
        ],
        "published": [asdict(score) for score in report.published],
    }


def write_page(report: SetReport, path: Path) -> None:
    """A page that needs nothing beside it and runs nothing, whatever a set or a model wrote. Raises `OSError`."""
    text = rendered(
        _PAGE,
        report=report,
        columns=columns_of(report),
        rows=[(each, rows_of(each)) for each in report.measured],
        notes=notes_of(report),
        plots=plots_of(report),
        cases=[(each, [_shown_case(case) for case in each.worst[:_SHOWN_CASES]]) for each in report.measured],
        percent=in_percent,
        bar_width=_BAR_WIDTH,
        bar_height=_BAR_HEIGHT,
    )
    with written_whole(path) as draft:
        draft.write_text(text, "utf-8", errors="replace")


def _shown_case(case: Case) -> dict[str, str]:
    before = "".join(case.task.prefix.splitlines(keepends=True)[-_SHOWN_LINES_BEFORE:])
    after = "".join(case.task.suffix.splitlines(keepends=True)[:_SHOWN_LINES_AFTER])
    return {
        "id": case.task.id,
        "edit": in_percent(case.score.edit),
        "end": case.score.end or "",
        "before": before[-_SHOWN_CHARACTERS:],
        "after": after[:_SHOWN_CHARACTERS],
        "expected": case.task.solution[:_SHOWN_CHARACTERS],
        "written": case.text[:_SHOWN_CHARACTERS],
    }
