"""The report as one page of HTML that needs nothing else: the curve, the verdict, every figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ..files import write_text, written_in
from .report import Report
from .train import Point
from .verdict import Change

PAGE = "report.html"
_WIDTH, _HEIGHT, _MARGIN = 640, 260, 44
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums}.gain{color:#17703a}.none{color:#8a5300}svg{width:100%}
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}.gain{color:#6fcf97}.none{color:#e0a458}}"""


def write_page(folder: Path, report: Report) -> None:
    path = folder / PAGE
    with written_in(folder):
        write_text(path, "".join(_page(report)))


def _page(report: Report) -> Iterator[str]:
    verdict = report.verdict
    yield f"<!doctype html><html lang=en><meta charset=utf-8><title>Training</title><style>{_STYLE}</style>"
    yield f"<h1>An adapter for {escape(str(report.choices['base']['name']))}</h1>"
    yield f"<p class={'gain' if verdict.is_gain else 'none'}><strong>{escape(report.line)}</strong>"
    yield "<table><tr><th>nats per token<th>before<th>after<th>change<th>95 % by files<th>tokens<th>files"
    yield _row("held-out files", verdict.held_out)
    yield _row("other code", verdict.elsewhere)
    yield "</table><h2>Held-out loss (solid) and training loss (dashed) by epoch</h2>"
    yield _curve(report.points)
    yield f"<p>The training ended because {escape(report.why)}, after {report.seconds / 60:.1f} minutes and "
    yield f"{report.tokens:,} tokens."
    for title, table in (
        ("Data", report.files),
        ("Choices", report.choices["options"]),
        ("Machine", {**report.machine, **report.versions, "date": report.date}),
    ):
        yield f"<h2>{title}</h2><table>"
        for name, value in table.items():
            yield f"<tr><td>{escape(name.replace('_', ' '))}<td>{escape(_shown(value))}"
        yield "</table>"


def _row(name: str, change: Change) -> str:
    cells = (f"{change.before:.4f}", f"{change.after:.4f}", f"{change.relative:+.2%}")
    spread = f"{change.low:+.1%} to {change.high:+.1%}"
    numbers = "".join(f"<td class=n>{cell}" for cell in (*cells, spread, f"{change.tokens:,}", change.files))
    return f"<tr><td>{name}{numbers}"


def _curve(points: Sequence[Point]) -> str:
    losses = [value for point in points for value in (point.loss, point.held_out) if value is not None]
    low, high = min(losses), max(losses)
    last = max(points[-1].epoch, 1e-9)
    spread = max(high - low, 1e-9)

    def place(epoch: float, loss: float) -> str:
        x = _MARGIN + epoch / last * (_WIDTH - 2 * _MARGIN)
        y = _MARGIN / 2 + (high - loss) / spread * (_HEIGHT - 1.5 * _MARGIN)
        return f"{x:.1f},{y:.1f}"

    held_out = " ".join(place(point.epoch, point.held_out) for point in points)
    training = " ".join(place(point.epoch, point.loss) for point in points if point.loss is not None)
    line = "fill=none stroke=currentColor stroke-width=2"
    bottom = _HEIGHT - _MARGIN / 2
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role=img font-size=12 fill=currentColor>'
        f'<polyline points="{held_out}" {line} /><polyline points="{training}" {line} stroke-dasharray=5 />'
        f"<text x=0 y={_MARGIN / 2 + 4:.0f}>{high:.3f}</text><text x=0 y={_HEIGHT - _MARGIN:.0f}>{low:.3f}</text>"
        f"<text x={_MARGIN} y={bottom:.0f}>0</text>"
        f"<text x={_WIDTH - _MARGIN} y={bottom:.0f} text-anchor=end>{last:g}</text></svg>"
    )


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
