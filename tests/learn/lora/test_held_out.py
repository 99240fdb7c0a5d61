"""Whole files are held out: the latest ones, or some by hash; and a file of samples is read with care."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lora_samples import habits, sample, write
from seekline import model
from seekline.learn.errors import NoSamples
from seekline.learn.lora.held_out import MOST_FILES, hold_out
from seekline.learn.lora.options import HoldOut
from seekline.learn.lora.rows import Encoder
from seekline.learn.lora.samples_file import read_rows, survey

FILES = {("made-up", f"src/{number}.py"): float(number) for number in range(40)}


def test_by_time() -> None:
    found = hold_out(FILES, "auto", 0.1)
    assert found.by == "time"
    assert found.files == {("made-up", f"src/{number}.py") for number in (36, 37, 38, 39)}


def test_by_hash_where_all_times_are_the_same() -> None:
    same = dict.fromkeys(FILES, 7.0)
    found = hold_out(same, "auto", 0.1)
    assert (found.by, len(found.files)) == ("hash", 4)
    assert found == hold_out(dict(reversed(same.items())), "hash", 0.1)
    assert hold_out(FILES, "hash", 0.1).files == found.files
    assert hold_out(same, "time", 0.1).files == found.files, "of one commit's files, the hash decides"


def test_bounds() -> None:
    assert len(hold_out(FILES, "hash", 0.001).files) == 2
    assert len(hold_out(dict(list(FILES.items())[:4]), "hash", 0.9).files) == 2
    many = {("made-up", f"{number}.py"): 0.0 for number in range(2000)}
    assert len(hold_out(many, "hash", 0.1).files) == MOST_FILES
    with pytest.raises(NoSamples, match="of 3 files; 4 are the least"):
        hold_out(dict(list(FILES.items())[:3]), "time", 0.1)


def test_no_file_is_on_both_sides(tmp_path: Path) -> None:
    path = write(tmp_path / "samples.jsonl", habits(files=20))
    seen = survey(path)
    encoder = Encoder(model.Tokenizer(model.embedded_folder()), 1, 512)
    found = read_rows(path, seen, hold_out(seen.changed, "time", 0.1), 200, encoder)
    assert {row.file for row in found.held_out} == {"made-up/src/part_18.py", "made-up/src/part_19.py"}
    assert not {row.file for row in found.held_out} & {row.file for row in found.training}
    assert len(found.held_out) + len(found.training) == sum(seen.samples.values()) == 120


def twins(number: int, copies: int = 2) -> dict[tuple[str, str], tuple[str, str]]:
    """The groups of files that are there in so many copies, of which each is changed at another time."""
    return {
        ("made-up", f"v{copy}/{name}.py"): ("made-up", f"v0/{name}.py")
        for copy in range(copies)
        for name in range(number)
    }


@pytest.mark.parametrize("by", ["time", "hash"])
@pytest.mark.parametrize("copies", [2, 3, 7])
def test_files_that_are_nearly_the_same_stay_together(by: HoldOut, copies: int) -> None:
    groups = twins(20, copies)
    changed = {file: float(place) for place, file in enumerate(groups)}
    found = hold_out(changed, by, 0.1, groups).files
    assert 2 <= len(found) <= max(copies, 2 * copies)
    assert not {groups[file] for file in found} & {groups[file] for file in changed.keys() - found}
    assert found == hold_out(dict(reversed(changed.items())), by, 0.1, dict(reversed(groups.items()))).files


def test_the_latest_comes_with_its_copies() -> None:
    groups = {("made-up", "src/39.py"): ("made-up", "src/0.py"), ("made-up", "src/0.py"): ("made-up", "src/0.py")}
    found = hold_out(FILES, "time", 0.1, groups)
    assert found.files == {("made-up", f"src/{number}.py") for number in (0, 37, 38, 39)}


def test_a_large_group_is_learned_from_where_others_are_there() -> None:
    large = {file: ("made-up", "src/10.py") for file in FILES if int(Path(file[1]).stem) >= 10}
    found = hold_out(FILES, "time", 0.1, large).files
    assert found == {("made-up", f"src/{number}.py") for number in (6, 7, 8, 9)}
    with pytest.raises(NoSamples, match="Of 40 files, all but a few are nearly the same"):
        hold_out(FILES, "time", 0.1, dict.fromkeys(FILES, ("made-up", "src/0.py")))


def test_so_many_are_measured(tmp_path: Path) -> None:
    """About so many of a large file, whichever files they are of, and the same each time."""
    path = write(tmp_path / "samples.jsonl", habits(files=20, each=100))
    seen = survey(path)
    encoder = Encoder(model.Tokenizer(model.embedded_folder()), 1, 512)
    held_out = hold_out(seen.changed, "time", 0.1)
    found, again = (read_rows(path, seen, held_out, 50, encoder) for _ in range(2))
    assert 30 <= len(found.held_out) <= 70
    assert len({row.file for row in found.held_out}) == 2
    assert len(found.training) == 1800
    assert [row.ids.tolist() for row in found.held_out] == [row.ids.tolist() for row in again.held_out]


def test_the_digest_is_of_all_that_is_learned(tmp_path: Path) -> None:
    samples = habits()
    first = survey(write(tmp_path / "1.jsonl", samples)).digest
    assert survey(write(tmp_path / "2.jsonl", samples)).digest == first
    assert survey(write(tmp_path / "3.jsonl", [*samples[:-1], sample(completion="other")])).digest != first


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        ("", "has no samples"),
        ("hello\n", "Line 1 of .* is no sample"),
        ("[]\n", "Line 1 of .* is no sample"),
        ('{"instruction": "a", "input": "", "output": "b"}\n', "Line 1 of .* is no sample"),
        ("GOOD" + '{"repository": 1}\n', "Line 2 of .* is no sample"),
        ("\x00\x01", "Line 1 of .* is no sample"),
    ],
)
def test_what_is_no_file_of_samples(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "samples.jsonl"
    good = write(tmp_path / "good.jsonl", [sample()]).read_text("utf-8")
    if content is not None:
        path.write_text(content.replace("GOOD", good), "utf-8")
    with pytest.raises(NoSamples, match=message):
        survey(path)


@pytest.mark.parametrize(
    "wrong", [{"path": 7}, {"pieces": [["text", 7]]}, {"completion": None}, {"changed": "today"}, {"pieces": 3}]
)
def test_values_of_a_wrong_type(tmp_path: Path, wrong: dict[str, object]) -> None:
    path = write(tmp_path / "samples.jsonl", [sample()])
    row = {**json.loads(path.read_text("utf-8")), **wrong}
    path.write_text(json.dumps(row) + "\n", "utf-8")
    with pytest.raises(NoSamples, match=r"Line 1 of .* is no sample"):
        survey(path)


def test_nothing_left(tmp_path: Path) -> None:
    path = write(tmp_path / "samples.jsonl", [sample(f"{number}.py", completion="a = b\n" * 90) for number in range(6)])
    seen = survey(path)
    encoder = Encoder(model.Tokenizer(model.embedded_folder()), 1, 64)
    with pytest.raises(NoSamples, match="leaves nothing to learn from"):
        read_rows(path, seen, hold_out(seen.changed, "auto", 0.1), 200, encoder)
