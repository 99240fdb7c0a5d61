"""`seekline stats`: what it prints, deletes and says where something is wrong."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest
from commands import Seekline
from seekline.server.settings.config import user_file
from seekline.server.statistics.database import write
from seekline.server.statistics.place import statistics_file
from seekline.server.statistics.rows import CompletionRow, RequestRow, Row

NOW = int(time.time())
DAY_S = 86_400


def rows(at: int) -> list[Row]:
    return [
        RequestRow(
            at=at, language="go", kind="menu", answer="shown", path="prefix hit", latency_ms=1234.5, tokens_per_s=81.0
        ),
        RequestRow(at=at, language="go", kind="menu", answer="cancelled", path=None, latency_ms=3.0, tokens_per_s=None),
        CompletionRow(
            id=str(at),
            at=at,
            language="go",
            kind="menu",
            outcome="accepted",
            accepted_characters=40,
            kept_30_s=30,
            kept_5_min=None,
        ),
    ]


def test_the_table(seekline: Seekline) -> None:
    write(statistics_file(), rows(NOW - 60), now=NOW)
    run = seekline("stats")
    assert run.code == 0
    lines = [" ".join(line.split()) for line in run.out.splitlines()]
    assert "all 1 1 0 0 0 40 75 % -" in lines
    assert "go, in the menu 1 1 0 0 0 40 75 % -" in lines
    assert "prefix hit 1 1,234 ms 1,234 ms" in lines
    assert "2 requests: 0 with nothing to show, 1 cancelled; 81 tokens/s (median)" in lines
    assert str(statistics_file()) in run.err
    assert "statistics = false" in run.err


def test_json(seekline: Seekline) -> None:
    write(statistics_file(), rows(NOW - 60), now=NOW)
    answer = seekline("stats", "--json").json
    assert (answer["file"], answer["on"], answer["days"]) == (str(statistics_file()), True, 30)
    assert (answer["requests"], answer["cancelled"], answer["tokens_per_s"]) == (2, 1, 81.0)
    assert answer["completions"][1]["outcomes"] == {"accepted": 1, "partly": 0, "typed": 0, "rejected": 0}
    assert answer["completions"][1]["kept_30_s"] == 0.75
    assert answer["latencies"] == [{"path": "prefix hit", "answers": 1, "p50_ms": 1234.5, "p95_ms": 1234.5}]


def test_days(seekline: Seekline) -> None:
    write(statistics_file(), [*rows(NOW - 60), *rows(NOW - 3 * DAY_S)], now=NOW)
    shown = [seekline("stats", "--json", "--days", str(days)).json["completions"][0]["shown"] for days in (2, 4)]
    assert shown == [1, 2]


def test_none_yet(seekline: Seekline) -> None:
    run = seekline("stats")
    assert (run.code, run.out.strip()) == (0, "There are no statistics yet.")
    assert seekline("stats", "--json").json["requests"] == 0
    assert not statistics_file().exists()


def test_delete(seekline: Seekline) -> None:
    write(statistics_file(), rows(NOW), now=NOW)
    run = seekline("stats", "--delete")
    assert (run.code, run.out.strip()) == (0, f"{statistics_file()} is deleted.")
    assert list(statistics_file().parent.iterdir()) == []
    assert "There are no statistics" in seekline("stats", "--delete").out


def test_that_they_are_off_is_said(seekline: Seekline) -> None:
    user_file().parent.mkdir(parents=True)
    user_file().write_text("statistics = false", "utf-8")
    assert "They are switched off." in seekline("stats").err
    assert seekline("stats", "--json").json["on"] is False


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_a_damaged_file_and_a_newer_one_are_said_with_what_to_do(seekline: Seekline, arguments: list[str]) -> None:
    statistics_file().parent.mkdir(parents=True)
    statistics_file().write_bytes(b"no database\n" * 1000)
    run = seekline("stats", *arguments)
    assert run.code == 2
    assert "`seekline stats --delete`" in run.err
    assert seekline("stats", "--delete").code == 0
    write(statistics_file(), rows(NOW), now=NOW)
    with closing(sqlite3.connect(statistics_file())) as other:
        other.execute("PRAGMA user_version = 1000")
    run = seekline("stats", *arguments)
    assert run.code == 2
    assert "newer version of Seekline. Update Seekline" in " ".join(run.err.split())


def test_options_that_exclude_each_other(seekline: Seekline) -> None:
    assert seekline("stats", "--delete", "--json").code == 2
