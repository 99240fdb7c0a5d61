"""Repositories and files that were there before."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from learning_data import FILES, STORE, Make, MakeRepository, reasons, samples_in
from seekline.learn.data.duplicates import NearDuplicates, signature_of
from seekline.learn.errors import PackageMissing

WORDS = random.Random(3).choices([f"word{number}" for number in range(400)], k=3000)
PROSE = "".join(" ".join(WORDS[start : start + 8]) + "\n" for start in range(0, len(WORDS), 8))


def test_a_repository_that_is_nearly_another_is_left_out(
    make_repository: MakeRepository, make: Make, tmp_path: Path
) -> None:
    pytest.importorskip("datasketch", reason="the extra `learn` is not installed")
    garden = make_repository("garden", {"a.md": PROSE, "b.py": STORE})
    fork = make_repository("fork", {"a.md": PROSE + "One line more.\n", "other/b.py": STORE + "\nMORE = 1\n"})
    other = make_repository("other", FILES)
    report = make(garden, fork, other, out=tmp_path / "out")
    assert [one.samples > 0 for one in report.repositories] == [True, False, True]
    assert reasons(report, "duplicates") == {"repository nearly the same as garden": 2, "same as another file": 1}
    assert {sample.repository for sample in samples_in(tmp_path / "out")} == {"garden", "other"}


@pytest.mark.parametrize("seed", range(4))
def test_every_pair_at_the_threshold_is_found_and_none_below(seed: int) -> None:
    """Pairs on both sides of an index of 0.7, each beside a repository that has nothing to do with it."""
    pytest.importorskip("datasketch", reason="the extra `learn` is not installed")
    drawn = random.Random(seed)
    sides: set[bool] = set()
    for pair in range(12):
        words = [f"word{pair}_{number}" for number in range(1500)]
        share = drawn.uniform(0.02, 0.06)
        changed = [word + "x" if drawn.random() < share else word for word in words]
        one, other, third = (signature_of([" ".join(text)]) for text in (words, changed, WORDS))
        near = NearDuplicates()
        assert (near.like("third", third), near.like("one", one)) == (None, None)
        is_alike = one.jaccard(other) >= 0.7
        assert near.like("other", other) == ("one" if is_alike else None)
        sides.add(is_alike)
    assert sides == {True, False}


def test_only_several_repositories_need_the_package(
    make_repository: MakeRepository, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasketch", None)
    one, other = make_repository("one"), make_repository("other", {"a.md": PROSE})
    assert make(one, out=tmp_path / "alone").samples
    with pytest.raises(PackageMissing, match="datasketch, which is not installed"):
        make(one, other, out=tmp_path / "both")


def test_files_that_are_the_same(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    root = make_repository(files={**FILES, "copy/store.py": STORE.replace("\n", "\r\n")})
    report = make(root, out=tmp_path / "out")
    assert reasons(report, "duplicates") == {"same as another file": 1}
    assert len({sample.path for sample in samples_in(tmp_path / "out")} & {"copy/store.py", "garden/store.py"}) == 1
