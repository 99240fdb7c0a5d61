"""Where no engine process can be had: one clear line each, nothing left behind, and never an endless wait."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_place import ME, engine_place, files_of, process_of, processes_at, small_disk, wait_until
from seekline.model.engines.process import engine_log, starting
from seekline.model.engines.process.place import EnginePlace, make_folder
from seekline.model.engines.process.rendezvous import find_or_start
from seekline.model.errors import EngineUnreachable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and their processes are another system's")


@pytest.fixture
def place() -> Iterator[EnginePlace]:
    with engine_place() as made:
        yield made


def refused(place: EnginePlace) -> str:
    with pytest.raises(EngineUnreachable) as error:
        find_or_start(place, ME, keep_s=0.2).close()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_full_disk(place: EnginePlace) -> None:
    with small_disk(place.folder, "size=4k"):
        (place.folder / "fills it").write_bytes(bytes(4096))
        assert "No space left on device" in refused(place)
        assert files_of(place) == ["fills it"]


def test_a_disk_without_room_for_another_file(place: EnginePlace) -> None:
    with small_disk(place.folder, "nr_inodes=1"):
        assert "No space left on device" in refused(place)


def test_a_read_only_folder(place: EnginePlace) -> None:
    with small_disk(place.folder, "ro"):
        assert "Read-only file system" in refused(place)


def test_a_state_folder_that_cannot_be_written_stops_no_engine(
    place: EnginePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/no-such-folder")
    with find_or_start(place, ME, keep_s=0.2):
        assert process_of(place)


def test_a_process_that_cannot_be_started(place: EnginePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert "/no/such/python" in refused(place)
    assert files_of(place) == []


def test_a_process_that_breaks_at_its_start(
    place: EnginePlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it says last is told to who wanted it."""
    (tmp_path / "msgspec.py").write_text("raise RuntimeError('broken on purpose')", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert "RuntimeError: broken on purpose" in refused(place)
    assert files_of(place) == []


def test_a_process_that_never_gets_ready(place: EnginePlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "msgspec.py").write_text("import time\ntime.sleep(600)", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(starting, "STARTS_WITHIN_S", 0.1)
    assert "has not started" in refused(place)
    wait_until(lambda: bool(processes_at(place)))
    for pid in processes_at(place):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: "seekline-engine-start" not in {thread.name for thread in threading.enumerate()})


def test_the_log_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    path.write_bytes(b"x" * engine_log.MAX_BYTES)
    engine_log.keep_small(path)
    assert path.stat().st_size == engine_log.MAX_BYTES
    with path.open("ab") as written:
        written.write(b"y")
        written.flush()
        engine_log.keep_small(path)
        written.write(b"goes on")
    assert path.read_bytes() == b"goes on"
    assert (tmp_path / "engine.log.1").stat().st_size == engine_log.MAX_BYTES + 1


def test_a_folder_that_is_nobodys_but_another_users(place: EnginePlace) -> None:
    make_folder(place)
    place.folder.chmod(0o755)
    assert "Others may enter" in refused(place)
