"""Rows that outlive a kill and a full disk."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from bounded_process import check_in_bounds
from seekline.learn.data.in_use import in_use
from seekline.learn.data.journal import Journal
from seekline.learn.errors import NotWritten


def test_rows_are_there_again(tmp_path: Path) -> None:
    with Journal(tmp_path / "new" / "a.jsonl") as journal:
        journal.append({"a": "é\n\ud800"})
        journal.append({"b": 2})
    with Journal(tmp_path / "new" / "a.jsonl") as journal:
        assert journal.count == 2
        assert list(journal.rows()) == [{"a": "é\n\ud800"}, {"b": 2}]


@pytest.mark.parametrize("torn", [b'{"b": 2}', b'{"b"', b"\0\0\0\0\n", b'[1]\n{"c": 3}\n', b"\xff\n"])
def test_a_row_that_is_not_whole_is_taken_away(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n' + torn)
    with Journal(path) as journal:
        assert journal.count == 1
        journal.append({"b": 5})
    assert path.read_bytes() == b'{"a": 1}\n{"b": 5}\n'


def test_what_stands_behind_a_place_is_forgotten(tmp_path: Path) -> None:
    with Journal(tmp_path / "a.jsonl") as journal:
        journal.append({"a": 1})
        size = journal.size_bytes
        journal.append({"b": 2})
        journal.cut(size)
        journal.append({"c": 3})
        assert list(journal.rows()) == [{"a": 1}, {"c": 3}]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_a_full_disk_is_told_and_what_was_written_stays(tmp_path: Path) -> None:
    check_in_bounds(Path(__file__), "fill_the_disk", tmp_path)
    with Journal(tmp_path / "a.jsonl") as journal:
        rows = list(journal.rows())
    assert [row["number"] for row in rows] == list(range(len(rows)))
    assert len(rows) > 5


def fill_the_disk(folder: Path) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    with Journal(folder / "a.jsonl") as journal, pytest.raises(NotWritten, match="Make room there"):
        _append_many(journal)


def _append_many(journal: Journal) -> None:
    for number in range(1000):
        journal.append({"number": number})


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritten, match="cannot be written"):
        Journal(tmp_path / "file" / "a.jsonl")


def test_a_folder_is_one_runs_at_a_time(tmp_path: Path) -> None:
    with in_use(tmp_path / "out"), pytest.raises(NotWritten, match="Another run writes"), in_use(tmp_path / "out"):
        pass
    with in_use(tmp_path / "out"):
        pass


@pytest.mark.parametrize("left", ["", "[1, 0.5]", "nonsense", "[-5, null]"])
def test_a_killed_run_holds_nothing(tmp_path: Path, left: str) -> None:
    (tmp_path / ".in-use").write_text(left)
    with in_use(tmp_path):
        pass
