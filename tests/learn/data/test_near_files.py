"""Files of a repository that nearly repeat one another: found as a group, and never on both sides of a training."""

from __future__ import annotations

from pathlib import Path

import pytest
from learning_data import STORE, WATER, Make, MakeRepository, samples_in
from seekline.learn.lora.held_out import hold_out
from seekline.learn.lora.samples_file import survey

pytest.importorskip("datasketch", reason="the extra `learn` is not installed")
TEXTS = {"store": STORE * 3, "water": WATER * 3}
TEXTS |= {name: " ".join(f"{name}_{number} = {number}\n" for number in range(60)) for name in ("bed", "hose", "pump")}


def test_copies_are_one_group(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    copies = {
        f"v{version}/{name}.py": f"{text}\n# api v{version}\n" for name, text in TEXTS.items() for version in (1, 2)
    }
    report = make(make_repository(files=copies), out=tmp_path / "out")
    groups = {sample.path: sample.group for sample in samples_in(tmp_path / "out")}
    assert {path: group for path, group in groups.items() if group} == {
        path: f"v1/{Path(path).name}" for path in copies
    }
    assert report.stages[3].notes == {"files nearly the same as another": 10}
    seen = survey(tmp_path / "out" / "samples.jsonl")
    held_out = {path for _, path in hold_out(seen.changed, "auto", 0.3, seen.groups).files}
    for path in copies:
        twin = path.replace("v1", "v0").replace("v2", "v1").replace("v0", "v2")
        assert (path in held_out) == (twin in held_out)


def test_like_over_another(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    """The first and the last are no longer like one another, but both like the one between."""
    lines = [f"name_{number} = {number}\n" for number in range(200)]
    other = [f"other_{number} = {number}\n" for number in range(200)]
    files = {
        f"{letter}.py": "".join(other[:changed] + lines[changed:])
        for letter, changed in (("a", 0), ("b", 30), ("c", 60))
    }
    make(make_repository(files=files), out=tmp_path / "out")
    assert {sample.group for sample in samples_in(tmp_path / "out")} == {"a.py"}
