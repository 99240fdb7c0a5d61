"""The plots of the page as geometry, in pixels: horizontal bars with whiskers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .bootstrap import Estimate
from .report import TITLES, VariantReport

_PLOTTED = ("exact_match", "edit_similarity", "identifier_f1", "retained")
_BY = ("kind", "language")
_GAP_PX = 6
_BAR_PX = 16
_LABEL_PX = 230
_PLOT_PX = 400
_VALUE_PX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """`low` and `high`: the ends of the whisker. `color`: a number, the same for the same variant."""

    label: str
    text: str
    color: int
    y: float
    width: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    title: str
    bars: tuple[Bar, ...]
    height: float
    label_width: float = _LABEL_PX
    plot_width: float = _PLOT_PX
    width: float = _LABEL_PX + _PLOT_PX + _VALUE_PX
    bar_height: float = _BAR_PX


def plots_of(variants: Sequence[VariantReport]) -> list[Plot]:
    """Some measures, the first of them by group, and the times."""
    plots: list[Plot] = []
    for measure in _PLOTTED:
        bars = [
            _share(place, number=place, label=own.name, estimate=own.figures.measures[measure])
            for place, own in enumerate(variants)
        ]
        plots.append(_plot(f"{TITLES[measure]}, %", bars))
    for group in _BY:
        bars = []
        for value in sorted({value for own in variants for value in own.groups[group]}):
            for number, own in enumerate(variants):
                if value in own.groups[group]:
                    estimate = own.groups[group][value].measures[_PLOTTED[0]]
                    bars.append(_share(len(bars), number=number, label=f"{value} · {own.name}", estimate=estimate))
        plots.append(_plot(f"{TITLES[_PLOTTED[0]]} by {group}, %", bars))
    plots.append(_plot("milliseconds of a completion: the median, and to what 95 % do not exceed", _times(variants)))
    return plots


def _plot(title: str, bars: Sequence[Bar]) -> Plot:
    return Plot(title=title, bars=tuple(bars), height=len(bars) * (_BAR_PX + _GAP_PX))


def _share(place: int, *, number: int, label: str, estimate: Estimate) -> Bar:
    """`place`: from above. `number`: of the variant."""
    return Bar(
        label=label,
        text="-" if estimate.value is None else f"{100 * estimate.value:.1f}",
        color=number,
        y=place * (_BAR_PX + _GAP_PX),
        width=_pixels(estimate.value),
        low=_pixels(estimate.low),
        high=_pixels(estimate.high),
    )


def _times(variants: Sequence[VariantReport]) -> list[Bar]:
    latencies = [own.figures.total_ms for own in variants]
    longest = max((own.p95 or 0.0 for own in latencies), default=0.0) or 1.0
    return [
        Bar(
            label=own.name,
            text="-" if latency.median is None else f"{latency.median:.0f}",
            color=place,
            y=place * (_BAR_PX + _GAP_PX),
            width=_pixels((latency.median or 0.0) / longest),
            low=_pixels((latency.median or 0.0) / longest),
            high=_pixels((latency.p95 or 0.0) / longest),
        )
        for place, (own, latency) in enumerate(zip(variants, latencies, strict=True))
    ]


def _pixels(share: float | None) -> float:
    return round(_PLOT_PX * (share or 0.0), 1)
