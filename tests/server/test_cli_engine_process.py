"""`seekline status`, `seekline stop` and what `seekline doctor` says of them, with a real engine process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from commands import Seekline
from engine_place import has_ended, process_of, wait_until
from seekline import model
from seekline.model.engines.process.rendezvous import find_or_start

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and their processes are another system's")


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[model.EnginePlace]:
    """The user's place, with nothing in it at the end."""
    monkeypatch.setenv("SEEKLINE_SHARE", "1")
    made = model.place_for_user()
    yield made
    model.stop_engine(made)


def connect(place: model.EnginePlace, *names: str) -> ExitStack:
    """Clients with these names, until the end of the block; the engine then stays for a while."""
    stack = ExitStack()
    for name in names:
        client = model.ClientName(name=name, pid=os.getpid())
        connection: Connection = find_or_start(place, client, keep_s=60.0)
        stack.enter_context(connection)
    return stack


def test_none_runs(seekline: Seekline, place: model.EnginePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "the first editor that completes starts one" in seekline("status").out
    assert seekline("status", "--json").json == []
    assert seekline("stop").out == "No engine process runs.\n"
    monkeypatch.setenv("SEEKLINE_SHARE", "0")
    assert "sharing is switched off" in seekline("status").out


def test_sharing_is_switched_off_in_the_users_file(
    seekline: Seekline, place: model.EnginePlace, own_home: Path
) -> None:
    (own_home / "config" / "seekline").mkdir(parents=True)
    (own_home / "config" / "seekline" / "seekline.toml").write_text("share = false\n", "utf-8")
    assert "sharing is switched off" in seekline("status").out


def test_who_is_connected(seekline: Seekline, place: model.EnginePlace) -> None:
    with connect(place, "Neovim [dev]", "Hel\x1bix\n"):
        pid = process_of(place)
        wait_until(lambda: len(seekline("status", "--json").json[0]["host"]["clients"]) == 2)
        run = seekline("status")
        (found,) = seekline("status", "--json").json
    assert run.code == 0
    assert f"Engine process {pid}" in run.out
    assert "Neovim [dev]" in run.out
    assert "Helix" in run.out, "no control character reaches the terminal"
    assert "60 s after the last editor has left" in run.out
    assert {client["name"] for client in found["host"]["clients"]} == {"Neovim [dev]", "Helix"}
    assert found["pid"] == pid
    assert found["host"]["memory_bytes"] > 0
    assert found["place"] == str(place.socket)


def test_stop_asks_where_editors_are_connected(
    seekline: Seekline, place: model.EnginePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(place, "Neovim"):
        pid = process_of(place)
        wait_until(lambda: bool(seekline("status", "--json").json[0]["host"]["clients"]))
        monkeypatch.setattr("typer.confirm", lambda *_: False)
        assert f"Process {pid} goes on." in seekline("stop").out
        assert process_of(place) == pid
        assert seekline("stop", "--now").out == f"Process {pid} has ended, with 1 editor connected.\n"
        assert has_ended(pid)


def test_stop_asks_nothing_where_nobody_is_connected(seekline: Seekline, place: model.EnginePlace) -> None:
    with connect(place, "Neovim"):
        pid = process_of(place)
    wait_until(lambda: not seekline("status", "--json").json[0]["host"]["clients"])
    assert seekline("stop").out == f"Process {pid} has ended, with 0 editors connected.\n"


def test_engines_of_other_environments_are_shown_too(
    seekline: Seekline, place: model.EnginePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(place, "Neovim"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
        other = model.place_for_user()
        with connect(other, "Helix"):
            assert {one["pid"] for one in seekline("status", "--json").json} == {process_of(place), process_of(other)}
            assert len(seekline("stop", "--now").out.splitlines()) == 2


def test_doctor_says_whether_sharing_works(
    seekline: Seekline, place: model.EnginePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"none runs now; it would be at {place.folder}" in seekline("doctor").out
    with connect(place, "Neovim"):
        assert f"process {process_of(place)} runs" in seekline("doctor").out
        model.stop_engine(place)
    place.folder.chmod(0o755)
    assert "Others may enter" in seekline("doctor").out
    place.folder.chmod(0o700)
    monkeypatch.setenv("SEEKLINE_SHARE", "0")
    assert "each editor's server holds the model itself" in seekline("doctor").out
