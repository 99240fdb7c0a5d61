"""Where the engine process is met: which folder, which name, and which folders are refused."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from engine_place import NOBODY
from seekline.model.engines.process.place import EnginePlace, make_folder, place_for_user, places_in
from seekline.model.errors import EngineUnreachable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such folders")


def place_in(folder: Path) -> EnginePlace:
    return EnginePlace(folder=folder, name="engine-test")


def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")


def test_the_folder_of_the_users_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert place_for_user().folder == tmp_path / "seekline"
    assert not (tmp_path / "seekline").exists()


@pytest.mark.parametrize("given", ["", "relative", "/no/such/folder"])
def test_without_one_a_folder_by_the_users_number(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", given)
    monkeypatch.delenv("TMPDIR", raising=False)
    assert place_for_user().folder == Path(f"/tmp/seekline-{os.geteuid()}")
    monkeypatch.setenv("TMPDIR", "/var/tmp")
    assert place_for_user().folder == Path(f"/var/tmp/seekline-{os.geteuid()}")


def test_the_folder_of_anothers_login_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_root()
    os.chown(tmp_path, NOBODY, NOBODY)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert place_for_user().folder != tmp_path / "seekline"


@pytest.mark.parametrize("name", ["HF_HOME", "CUDA_VISIBLE_DEVICES", "XDG_CACHE_HOME", "OMP_NUM_THREADS"])
def test_what_decides_how_models_run_decides_the_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = place_for_user()
    monkeypatch.setenv(name, "another")
    assert place_for_user().name != before.name
    assert place_for_user().folder == before.folder


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "HF_TOKEN", "TERM", "VSCODE_PID", "PWD"])
def test_all_else_does_not(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = place_for_user()
    monkeypatch.setenv(name, "another")
    assert place_for_user() == before


def test_a_path_is_never_too_long_for_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = set()
    for letter in "ab":
        folder = tmp_path / (letter * 100)
        folder.mkdir()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
        monkeypatch.setenv("TMPDIR", str(folder))
        place = place_for_user()
        assert len(os.fsencode(place.socket)) < 104
        places.add(place)
    assert len(places) == 2, "other folders are other places"


@pytest.mark.parametrize("mask", [0o000, 0o027, 0o077])
def test_the_folder_is_the_users_alone(mask: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        make_folder(place_in(tmp_path / "run"))
        make_folder(place_in(tmp_path / "run"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


def refused(folder: Path) -> str:
    with pytest.raises(EngineUnreachable) as error:
        make_folder(place_in(folder))
    assert "\n" not in str(error.value)
    return error.value.problem


def test_a_folder_that_others_may_enter(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(0o750)
    assert "Others may enter" in refused(tmp_path / "run")


def test_a_link_to_a_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "run").symlink_to(tmp_path / "real")
    assert "is no folder" in refused(tmp_path / "run")


def test_a_link_to_nothing_and_a_file(tmp_path: Path) -> None:
    (tmp_path / "run").symlink_to(tmp_path / "nothing")
    assert "cannot be made" in refused(tmp_path / "run")
    assert not (tmp_path / "nothing").exists()
    (tmp_path / "file").touch()
    assert "cannot be made" in refused(tmp_path / "file")


def test_a_folder_of_another_user(tmp_path: Path) -> None:
    as_root()
    (tmp_path / "run").mkdir(mode=0o700)
    os.chown(tmp_path / "run", NOBODY, NOBODY)
    assert "belongs to another user" in refused(tmp_path / "run")


def test_a_folder_that_anybody_may_replace(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert "Others may replace" in refused(tmp_path / "open" / "run")
    (tmp_path / "open").chmod(0o1777)
    make_folder(place_in(tmp_path / "open" / "run"))


def test_no_folder_above_it_is_made(tmp_path: Path) -> None:
    assert "cannot be made" in refused(tmp_path / "missing" / "run")


def test_all_places_of_a_folder(tmp_path: Path) -> None:
    assert places_in(tmp_path / "missing") == []
    for name in ("engine-b.token", "engine-a.token", "engine-c.lock", "other.token"):
        (tmp_path / name).touch()
    assert [place.name for place in places_in(tmp_path)] == ["engine-a", "engine-b"]
