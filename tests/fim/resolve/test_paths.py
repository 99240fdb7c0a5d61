"""The files of a root as resolvers look them up, while files come and go."""

import random

import pytest
from seekline.fim.resolve import Paths, normalise

FILES = ["a.py", "pkg/__init__.py", "pkg/a.py", "pkg/sub/deep/b.py", "lib/pkg/a.py"]


def test_lookups() -> None:
    paths = Paths(FILES)
    assert "pkg/a.py" in paths
    assert "pkg" not in paths
    assert paths.has_folder("pkg/sub")
    assert not paths.has_folder("pkg/a.py")
    assert paths.files_in("pkg") == ["pkg/__init__.py", "pkg/a.py"]
    assert paths.files_in("") == ["a.py"]
    assert paths.folders_in("pkg") == ["pkg/sub"]
    assert paths.named("a.py") == ["a.py", "pkg/a.py", "lib/pkg/a.py"]
    assert paths.ending("pkg/a.py") == ["pkg/a.py", "lib/pkg/a.py"]
    assert paths.below("pkg", limit=3) == ["pkg/__init__.py", "pkg/a.py", "pkg/sub/deep/b.py"]


def test_a_folder_is_gone_with_its_last_file() -> None:
    paths = Paths(FILES)
    paths.discard("pkg/sub/deep/b.py")
    assert not paths.has_folder("pkg/sub")
    assert paths.has_folder("pkg")
    assert paths.named("b.py") == []
    paths.discard("not/there.py")


def test_any_order_of_changes_gives_what_the_files_alone_would() -> None:
    chance = random.Random(5)
    pool = [f"{a}/{b}/{c}.py" for a in "xy" for b in "pq" for c in "abc"] + ["x/p.py", "top.py"]
    paths, files = Paths(), set[str]()
    for _ in range(500):
        path = chance.choice(pool)
        (paths.add if chance.random() < 0.5 else paths.discard)(path)
        files ^= {path} & files if path not in paths else {path} - files
        fresh = Paths(sorted(files))
        assert set(paths) == files == set(fresh)
        assert all(paths.files_in(f) == fresh.files_in(f) for f in ("", "x", "x/p", "y/q"))
        assert all(paths.folders_in(f) == fresh.folders_in(f) for f in ("", "x", "y"))


@pytest.mark.parametrize(
    ("path", "plain"),
    [("a/./b/../c", "a/c"), ("a//b", "a/b"), ("", ""), ("../x", None), ("a/../../x", None), ("./a.py", "a.py")],
)
def test_normalise(path: str, plain: str | None) -> None:
    assert normalise(path) == plain
