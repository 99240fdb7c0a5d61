"""The file: what is written is read again, by several processes at once, and whatever is wrong with it is said."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from seekline.server.errors import BadStatistics
from seekline.server.statistics.database import KEPT_DAYS, VERSION, delete, read, write
from seekline.server.statistics.rows import CompletionRow, RequestRow

NOW = 1_800_000_000
REQUEST = RequestRow(
    at=NOW, language="python", kind="ghost text", answer="shown", path="cold", latency_ms=12.5, tokens_per_s=None
)
COMPLETION = CompletionRow(
    id="a", at=NOW, language="go", kind="menu", outcome="partly", accepted_characters=7, kept_30_s=5, kept_5_min=None
)
WRITER = """
import sys
from pathlib import Path
from seekline.server.statistics.database import write
from seekline.server.statistics.rows import CompletionRow
for number in range(40):
    id = f"{sys.argv[2]}-{number}"
    row = CompletionRow(id=id, at=1_800_000_000, language="python", kind="ghost text", outcome="typed",
                        accepted_characters=0, kept_30_s=None, kept_5_min=None)
    write(Path(sys.argv[1]), [row], now=1_800_000_000)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "statistics.sqlite3"


def test_what_is_written_is_read(file: Path) -> None:
    assert read(file) == ([], [])
    assert not file.exists(), "to look makes no file"
    write(file, [REQUEST, COMPLETION], now=NOW)
    assert read(file) == ([REQUEST], [COMPLETION])
    assert read(file, since=NOW + 1) == ([], [])


def test_of_a_completion_the_last_row_counts(file: Path) -> None:
    later = CompletionRow(
        id="a", at=NOW, language="go", kind="menu", outcome="partly", accepted_characters=7, kept_30_s=5, kept_5_min=2
    )
    write(file, [COMPLETION], now=NOW)
    write(file, [later], now=NOW)
    assert read(file)[1] == [later]


def test_what_is_old_goes(file: Path) -> None:
    write(file, [REQUEST, COMPLETION], now=NOW)
    write(file, [], now=NOW + KEPT_DAYS * 86_400 + 1)
    assert read(file) == ([], [])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_nobody_else_can_read_it(file: Path) -> None:
    write(file, [REQUEST], now=NOW)
    assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(file.parent.stat().st_mode) & 0o077 == 0


def test_processes_write_at_once(file: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(file), str(number)]) for number in range(3)]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    assert len(read(file)[1]) == 120


def test_it_is_deleted_while_someone_has_it_open(file: Path) -> None:
    write(file, [REQUEST], now=NOW)
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT count(*) FROM requests").fetchone() == (1,)
        assert delete(file)
    assert read(file) == ([], [])
    assert not delete(file)
    write(file, [COMPLETION], now=NOW)
    assert read(file) == ([], [COMPLETION])


@pytest.mark.parametrize("content", [b"no database at all\n" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_file_is_named_with_what_to_do(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    for attempt in (lambda: read(file), lambda: write(file, [REQUEST], now=NOW)):
        with pytest.raises(BadStatistics, match="seekline stats --delete"):
            attempt()
    assert delete(file)
    write(file, [REQUEST], now=NOW)
    assert read(file) == ([REQUEST], [])


def test_a_newer_version_is_left_alone(file: Path) -> None:
    write(file, [REQUEST], now=NOW)
    with closing(sqlite3.connect(file)) as other:
        other.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = file.read_bytes()
    for attempt in (lambda: read(file), lambda: write(file, [REQUEST], now=NOW)):
        with pytest.raises(BadStatistics, match=r"newer version of Seekline. Update Seekline"):
            attempt()
    assert file.read_bytes() == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="to this user nothing is forbidden")
def test_a_file_that_may_not_be_written(file: Path) -> None:
    write(file, [REQUEST], now=NOW)
    file.chmod(0o400)
    with pytest.raises(BadStatistics, match="cannot be used"):
        write(file, [REQUEST], now=NOW)


def test_a_folder_in_its_place(file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(BadStatistics, match="cannot be used"):
        write(file, [REQUEST], now=NOW)
    with pytest.raises(BadStatistics, match="cannot be"):
        delete(file)
