"""What each stage made of the files, as JSON for programs and as a page for people: the same for the same input."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..files import write_text, written_in
from ..pages import rendered
from .options import DataOptions

_PAGE = Path(__file__).with_name("report.html")
JSON, HTML = "report.json", "report.html"
_SHOWN_FILES = 1000
STAGES = ("rules", "dependencies", "order", "duplicates", "quality")
"""In the order of arXiv:2401.14196, figure 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`reasons`: why files were left out, and how many. `notes`: what else there is to know, each with a number."""

    name: str
    files_in: int
    files_out: int
    reasons: dict[str, int] = field(default_factory=dict[str, int])
    notes: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryReport:
    """`order`: the parts that hang together, each in topological order. `history`: why git does not say when files were
    changed; None where it does. `files_per_language`: of those that samples were drawn from."""

    name: str
    stages: tuple[Stage, ...]
    order: tuple[tuple[str, ...], ...]
    files: int
    samples: int
    history: str | None
    files_per_language: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`kinds`: how many samples there are of each. `characters`: of what is learned."""

    options: dict[str, Any]
    repositories: tuple[RepositoryReport, ...]
    samples: int
    kinds: dict[str, int]
    characters: int

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Of all repositories together."""
        return tuple(_together(stages) for stages in zip(*(one.stages for one in self.repositories), strict=True))


def _together(stages: Sequence[Stage]) -> Stage:
    reasons: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    for stage in stages:
        reasons.update(stage.reasons)
        notes.update(stage.notes)
    return Stage(
        name=stages[0].name,
        files_in=sum(stage.files_in for stage in stages),
        files_out=sum(stage.files_out for stage in stages),
        reasons=by_number(reasons),
        notes=dict(notes),
    )


def by_number(counts: Counter[str]) -> dict[str, int]:
    """The most common first; of equals by name, so that it is always the same."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def write_report(folder: Path, report: Report) -> None:
    """report.json and report.html. Raises `NotWritten`."""
    with written_in(folder):
        write_text(folder / JSON, json.dumps(asdict(report), ensure_ascii=False, indent=1) + "\n")
        write_text(folder / HTML, rendered(_PAGE, report=report, shown=_SHOWN_FILES))


def is_reported(folder: Path) -> bool:
    """Whether all is there that `write_report` wrote."""
    return all((folder / name).is_file() for name in (JSON, HTML))


def read_report(folder: Path) -> Report:
    """What `write_report` wrote."""
    found = json.loads((folder / JSON).read_text("utf-8"))
    repositories = [
        RepositoryReport(
            **{
                **one,
                "stages": tuple(Stage(**stage) for stage in one["stages"]),
                "order": tuple(tuple(part) for part in one["order"]),
            }
        )
        for one in found["repositories"]
    ]
    return Report(**{**found, "repositories": tuple(repositories)})


def page_options(options: DataOptions) -> dict[str, Any]:
    return {**asdict(options), "repositories": list(options.repositories), "against": list(options.against)}
