"""The thread that writes: the caller never waits for it, and whatever is wrong is said once."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from seekline.server.statistics import database, writer
from seekline.server.statistics.database import read
from seekline.server.statistics.rows import CompletionRow
from seekline.server.statistics.writer import StatisticsWriter


def row(id: str) -> CompletionRow:
    return CompletionRow(
        id=id,
        at=2_000_000_000,
        language="python",
        kind="ghost text",
        outcome="typed",
        accepted_characters=0,
        kept_30_s=None,
        kept_5_min=None,
    )


def started(path: Path) -> StatisticsWriter:
    made = StatisticsWriter(path)
    made.is_on = True
    return made


def test_closing_writes_what_waits(tmp_path: Path) -> None:
    made = started(tmp_path / "file")
    for number in range(100):
        made.put(row(str(number)))
    made.close(10)
    assert len(read(tmp_path / "file")[1]) == 100


def test_switched_off_nothing_is_written(tmp_path: Path) -> None:
    made = StatisticsWriter(tmp_path / "file")
    made.put(row("a"))
    made.close(10)
    assert not (tmp_path / "file").exists()


def test_what_is_wrong_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer, "_GATHER_S", 0.0)
    (tmp_path / "file").write_bytes(b"no database\n" * 1000)
    made = started(tmp_path / "file")
    with caplog.at_level(logging.INFO):
        for number in range(200):
            made.put(row(str(number)))
        assert made._thread is not None
        made._thread.join(10)
        assert not made._thread.is_alive()
        made.put(row("late"))
        made.close(10)
    (record,) = caplog.records
    assert record.message.startswith("no statistics are kept in this session: ")
    assert "seekline stats --delete" in record.message


def test_a_disk_that_hangs_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = Event()

    def write(*_: Any, **__: Any) -> None:
        hanging.wait(60)

    monkeypatch.setattr(database, "write", write)
    monkeypatch.setattr(writer, "_GATHER_S", 0.0)
    monkeypatch.setattr(writer, "_MOST_WAITING", 10)
    made = started(tmp_path / "file")
    for number in range(100):
        made.put(row(str(number)))
    made.close(0.1)
    assert made._thread is not None
    assert made._thread.is_alive(), "it still hangs"
    hanging.set()
