"""The report as one HTML page that asks for nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from pathlib import Path

from ..files import write_text
from ..pages import rendered
from .bootstrap import Estimate
from .metrics import MEASURES
from .plots import plots_of
from .report import TITLES, WORST, Latency, Report

_PAGE = Path(__file__).with_name("page.html")


def write_page(report: Report, path: Path) -> None:
    """Whole or not at all. Raises `OSError`."""
    write_text(path, page(report))


def page(report: Report) -> str:
    return rendered(
        _PAGE,
        report=report,
        titles=TITLES,
        measures=MEASURES,
        values=report.groups(),
        plots=plots_of(report.variants),
        cases=report.cases[:WORST],
        per_cent=per_cent,
        interval=interval,
        milliseconds=milliseconds,
    )


def per_cent(share: float | None, *, signed: bool = False) -> str:
    """Zero has no minus."""
    return "-" if share is None else f"{round(100 * share, 1) + 0.0:{'+' if signed else ''}.1f}"


def interval(estimate: Estimate, *, signed: bool = False) -> str:
    """Of 95 %; empty where there is nothing to tell."""
    if estimate.value is None:
        return ""
    return f"{per_cent(estimate.low, signed=signed)} to {per_cent(estimate.high, signed=signed)}"


def milliseconds(latency: Latency) -> str:
    """The median and, behind it, what 95 % do not exceed."""
    if latency.median is None or latency.p95 is None:
        return "-"
    return f"{latency.median:.0f} ({latency.p95:.0f})"
