"""The figures against counts by hand."""

from __future__ import annotations

import pytest
from seekline.server.statistics.rows import Answer, CompletionRow, Outcome, Path, RequestRow
from seekline.server.statistics.summary import percentile, summary_of


def request(answer: Answer, path: Path | None = None, ms: float = 1.0, speed: float | None = None) -> RequestRow:
    return RequestRow(
        at=0, language="python", kind="ghost text", answer=answer, path=path, latency_ms=ms, tokens_per_s=speed
    )


def completion(
    outcome: Outcome, characters: int = 0, kept: tuple[int | None, int | None] = (None, None), language: str = "python"
) -> CompletionRow:
    return CompletionRow(
        id="",
        at=0,
        language=language,
        kind="ghost text",
        outcome=outcome,
        accepted_characters=characters,
        kept_30_s=kept[0],
        kept_5_min=kept[1],
    )


def test_completions() -> None:
    rows = [
        completion("accepted", 10, (10, 5)),
        completion("accepted", 30, (20, None)),
        completion("partly", 100),
        completion("typed"),
        completion("rejected", language="go"),
    ]
    every, go, python = summary_of([], rows).completions
    assert (every.language, every.shown, every.characters) == ("all", 5, 140)
    assert every.outcomes == {"accepted": 2, "partly": 1, "typed": 1, "rejected": 1}
    assert every.kept_30_s == 30 / 40
    assert every.kept_5_min == 5 / 10
    assert (go.language, go.shown, go.outcomes["rejected"], go.kept_30_s) == ("go", 1, 1, None)
    assert (python.language, python.shown) == ("python", 4)


def test_requests() -> None:
    shown = [request("shown", "instant", float(ms)) for ms in range(1, 101)]
    cold = [request("shown", "cold", 800.0, speed) for speed in (10.0, 20.0, 90.0)]
    rows = [*shown, *cold, request("nothing", "cold", 5000.0), request("nothing"), request("cancelled")]
    summary = summary_of(rows, [])
    assert (summary.requests, summary.nothing, summary.cancelled, summary.tokens_per_s) == (106, 2, 1, 20.0)
    instant, slow = summary.latencies
    assert (instant.path, instant.answers, instant.p50_ms, instant.p95_ms) == ("instant", 100, 50.0, 95.0)
    assert (slow.path, slow.answers, slow.p95_ms) == ("cold", 3, 800.0)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([3.0], 50, 3.0), ([3.0], 95, 3.0), ([1.0, 2.0], 50, 1.0), ([4.0, 1.0, 3.0, 2.0], 95, 4.0)],
)
def test_percentiles(values: list[float], percent: int, expected: float) -> None:
    assert percentile(values, percent) == expected
