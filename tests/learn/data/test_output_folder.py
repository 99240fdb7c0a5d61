"""The output folder in the repository itself: never learned from, hidden from git and from prompts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from learning_data import Make, MakeRepository
from seekline.learn.errors import NotWritten
from seekline.server.cli.asking import FolderRepository
from seekline.server.settings.settings import Settings

PRODUCTS = ("samples.jsonl", "report.json", "report.html")


class Stopped(BaseException):
    pass


def test_no_run_learns_from_its_own_output(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    root = make_repository()
    out = root / "learning-data"
    report = make(root, out=out)
    make(root, out=tmp_path / "elsewhere")
    for name in PRODUCTS:
        assert (out / name).read_bytes() == (tmp_path / "elsewhere" / name).read_bytes()

    def stop(*_: object) -> None:
        raise Stopped

    assert make(root, out=out, progress=stop) == report, "it is known to be finished"
    (out / ".gitignore").unlink()
    assert make(root, out=out, progress=stop) == report, "whatever says that it is hidden"


def test_a_run_that_was_stopped_goes_on(make_repository: MakeRepository, make: Make) -> None:
    root = make_repository()
    out = root / "learning-data"
    told: list[tuple[str, int]] = []

    def stop(_: str, stage: str, done: int, __: int) -> None:
        if (stage, done) == ("samples", 3):
            raise Stopped

    with pytest.raises(Stopped):
        make(root, out=out, progress=stop)
    make(root, out=out, progress=lambda _, stage, done, __: told.append((stage, done)))
    assert ("rules", 0) not in told, "what was done is not done again"


def test_neither_git_nor_a_prompt_shows_it(make_repository: MakeRepository, make: Make) -> None:
    root = make_repository()
    make(root, out=root / "learning-data")
    status = subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=True)
    assert status.stdout == ""
    paths = FolderRepository(root, Settings()).paths()
    assert not [path for path in paths if path.startswith("learning-data/")]


@pytest.mark.parametrize("name", [".", "web"])
def test_a_folder_with_sources_is_refused(make_repository: MakeRepository, make: Make, name: str) -> None:
    """Else they would not be learned from, and git would not show new ones."""
    root = make_repository()
    before = sorted(root.rglob("*"))
    with pytest.raises(NotWritten, match="Give a folder that has nothing else"):
        make(root, out=root / name)
    assert sorted(root.rglob("*")) == before


def test_what_else_lies_in_the_output_folder_is_not_hidden(
    make_repository: MakeRepository, make: Make, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").touch()
    make(make_repository(), out=tmp_path / "out")
    assert not (tmp_path / "out" / ".gitignore").exists()
