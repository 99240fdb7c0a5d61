"""Which files would tell the answers of an evaluation set."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from seekline.learn.data.evaluation_sets import Leaks, read_set, set_digest
from seekline.learn.errors import SetUnreadable

LONG = "one two three four five six seven eight nine ten eleven"


def test_ten_words_in_a_row_are_a_leak() -> None:
    leaks = Leaks([LONG])
    assert leaks.are_in("before two  three four\nfive six\tseven eight nine ten eleven behind")
    assert not leaks.are_in("two three four five six seven eight nine ten and eleven")
    assert not leaks.are_in("")


def test_a_short_text_is_one_where_it_stands_whole() -> None:
    leaks = Leaks(["return first + second", "two words", ""])
    assert leaks.are_in("x\n    return first + second\n")
    assert not leaks.are_in("return first +\n")
    assert not leaks.are_in("two words")


@pytest.mark.parametrize("name", ["set.jsonl", "set.jsonl.gz"])
def test_the_texts_of_tasks(tmp_path: Path, name: str) -> None:
    tasks = [
        {
            "prompt": "def a():\n",
            "canonical_solution": "    return 1\n",
            "suffix": "# end\n",
            "test": "assert a() == 1",
        },
        {"text": "Write a function.", "code": "def b(): ...", "test_list": ["assert b() is None", "assert True"]},
    ]
    content = "".join(json.dumps(task) + "\n" for task in tasks).encode() + b"\n"
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    assert list(read_set(path)) == [
        "def a():\n    return 1\n# end\n",
        "assert a() == 1",
        "Write a function.",
        "def b(): ...",
        "assert b() is None",
        "assert True",
    ]


def test_another_set_has_another_digest(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}")
    before = set_digest(tmp_path / "a.jsonl")
    (tmp_path / "a.jsonl").write_text('{"text": "x"}')
    assert before.startswith("a.jsonl ")
    assert set_digest(tmp_path / "a.jsonl") != before


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.jsonl", b"no json\n", "no JSON"),
        ("a.jsonl", b"[1]\n", "no JSON object"),
        ("a.jsonl", b'{"other": 1}\n', "no text of a task"),
        ("a.jsonl", b"[" * 100_000, "no JSON"),
        ("a.jsonl.gz", b"not packed", "cannot be read"),
        ("a.jsonl.gz", gzip.compress(b"\n" * 999, mtime=0)[:-12], "cannot be read"),
    ],
    ids=["text", "list", "no text", "deep", "not packed", "cut off"],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SetUnreadable, match=problem):
        list(read_set(tmp_path / name))


def test_a_missing_set(tmp_path: Path) -> None:
    with pytest.raises(SetUnreadable, match="No such file"):
        list(read_set(tmp_path / "a.jsonl"))
    with pytest.raises(SetUnreadable, match="No such file"):
        set_digest(tmp_path / "a.jsonl")
