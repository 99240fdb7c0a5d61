"""Editors meet one engine process: they start it together, it outlives them all, and nothing is left of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import pytest
from engine_place import ME, engine_place, files_of, has_ended, process_of, processes_at, wait_until
from seekline.model.engines.process.build import BUILD, Build
from seekline.model.engines.process.place import EnginePlace, make_folder
from seekline.model.engines.process.rendezvous import find_or_start, status_of, stop
from seekline.model.engines.process.secret_files import try_lock, write_token
from seekline.model.errors import EngineUnreachable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and their processes are another system's")
EDITOR = """
import os, sys, time
from pathlib import Path
from seekline.model.engines.process.client_name import ClientName
from seekline.model.engines.process.place import EnginePlace
from seekline.model.engines.process.rendezvous import find_or_start, status_of
place = EnginePlace(folder=Path(sys.argv[1]), name=sys.argv[2])
me = ClientName(name="an editor", pid=os.getpid())
connection = find_or_start(place, me, keep_s=float(sys.argv[3]))
print(status_of(place, me).pid, flush=True)
sys.stdin.read()
"""
BRIEF_S, LONG_S = 0.2, 600.0


@pytest.fixture
def place() -> Iterator[EnginePlace]:
    with engine_place() as made:
        yield made


def join(place: EnginePlace, keep_s: float | None = BRIEF_S, build: Build = BUILD) -> Connection:
    return find_or_start(place, ME, keep_s=keep_s, build=build)


def start_editor(place: EnginePlace, keep_s: float = BRIEF_S) -> subprocess.Popen[bytes]:
    """A process that is a client until its input ends. It says which engine process it has met."""
    command = [sys.executable, "-c", EDITOR, str(place.folder), place.name, str(keep_s)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)


def engine_of(editor: subprocess.Popen[bytes]) -> int:
    assert editor.stdout is not None
    return int(editor.stdout.readline())


def test_the_first_starts_it_and_the_second_finds_it(place: EnginePlace) -> None:
    with join(place), join(place):
        pid = process_of(place)
        assert not has_ended(pid)
        assert files_of(place) == ["engine-test.lock", "engine-test.sock", "engine-test.token"]
        assert {path.stat().st_mode & 0o077 for path in place.folder.iterdir()} == {0}
    wait_until(lambda: has_ended(pid))
    assert files_of(place) == []
    assert status_of(place, ME) is None


def test_many_editors_at_once_start_one(place: EnginePlace) -> None:
    with ExitStack() as stack:
        editors = [stack.enter_context(start_editor(place)) for _ in range(8)]
        engines = {engine_of(editor) for editor in editors}
        assert len(engines) == 1
    (pid,) = engines
    wait_until(lambda: has_ended(pid))
    assert files_of(place) == []


def test_many_threads_at_once_start_one(place: EnginePlace) -> None:
    with ThreadPoolExecutor(8) as pool, ExitStack() as stack:
        for connection in pool.map(lambda _: join(place), range(8)):
            stack.enter_context(connection)
        assert len(processes_at(place)) == 1


def test_it_outlives_the_editor_that_has_started_it_and_its_group(place: EnginePlace) -> None:
    with start_editor(place, LONG_S) as editor:
        pid = engine_of(editor)
        os.killpg(editor.pid, signal.SIGKILL)
    with join(place, LONG_S):
        assert process_of(place) == pid
        process = psutil.Process(pid)
        assert process.terminal() is None
        assert process.ppid() != os.getpid()
        assert os.getsid(pid) not in (os.getsid(0), pid), "it leads no session, and so can get no terminal"


def test_it_holds_nothing_of_who_started_it(place: EnginePlace, tmp_path: Path) -> None:
    """Who reads an editor's output to its end does not wait for the engine."""
    with (tmp_path / "open").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        with start_editor(place, LONG_S) as editor:
            pid = engine_of(editor)
            editor.communicate(timeout=60)
        process = psutil.Process(pid)
        names = {Path(file.path).name for file in process.open_files()}
        assert names <= {"engine.log", "engine-test.lock"}
        assert Path(process.cwd()) == Path("/")
        streams = (
            {str(Path(f"/proc/{pid}/fd/{number}").readlink()) for number in (0, 1, 2)}
            if sys.platform == "linux"
            else set()
        )
        assert all(stream.endswith(("engine.log", "null")) for stream in streams)


def test_it_stays_where_it_is_told_to(place: EnginePlace) -> None:
    with join(place, None):
        pid = process_of(place)
    with join(place, BRIEF_S):
        assert process_of(place) == pid
    wait_until(lambda: has_ended(pid))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_after_a_signal_the_next_one_starts_another(number: signal.Signals, place: EnginePlace) -> None:
    with join(place) as connection:
        pid = process_of(place)
        os.kill(pid, number)
        with pytest.raises((EOFError, OSError)):
            connection.recv_bytes()
        wait_until(lambda: has_ended(pid))
        if number == signal.SIGTERM:
            assert files_of(place) == []
    with join(place):
        assert process_of(place) != pid


def test_it_ends_when_nobody_could_find_it_any_more(place: EnginePlace) -> None:
    with join(place, LONG_S):
        pid = process_of(place)
        place.socket.unlink()
        wait_until(lambda: has_ended(pid))
    assert files_of(place) == []


def test_it_leaves_alone_what_has_taken_the_place_of_its_socket(place: EnginePlace) -> None:
    with join(place, LONG_S):
        pid = process_of(place)
        place.socket.rename(place.folder / "moved")
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(place.socket))
            wait_until(lambda: has_ended(pid))
        assert place.socket.exists()
        (place.folder / "moved").unlink()


def test_what_was_left_by_one_that_died_is_replaced(place: EnginePlace) -> None:
    make_folder(place)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place.socket))
    write_token(place.token)
    place.lock.touch(mode=0o600)
    with join(place):
        assert process_of(place)


def test_stop(place: EnginePlace) -> None:
    assert stop(place, ME) is None
    with join(place, None), join(place, None):
        pid = process_of(place)
        answer = stop(place, ME)
        assert answer is not None
        assert (answer.pid, answer.clients) == (pid, 2)
        assert has_ended(pid)
        assert files_of(place) == []


OLDER, NEWER = Build(version="0.0.1", changed_ns=1), Build(version="99.0.0", changed_ns=1)


def test_a_newer_version_takes_the_place_of_an_idle_older_one(place: EnginePlace) -> None:
    """What is started is the installed version, so that the newer one here meets it again, and asks no second time."""
    with join(place, None):
        pid = process_of(place)
        with pytest.raises(EngineUnreachable, match="editors are connected to it"):
            join(place, None, NEWER)
    wait_until(lambda: is_alone(place))
    with pytest.raises(EngineUnreachable):
        join(place, None, NEWER)
    assert has_ended(pid)


def is_alone(place: EnginePlace) -> bool:
    """Whether the engine has noticed that its client has left."""
    status = status_of(place, ME)
    return status is not None and not status.host.clients


def test_an_older_version_leaves_a_newer_one_alone(place: EnginePlace) -> None:
    with join(place):
        pid = process_of(place)
        with pytest.raises(EngineUnreachable, match="of a newer Seekline"):
            join(place, build=OLDER)
        assert process_of(place) == pid


def test_who_starts_one_and_dies_holds_nobody_up(place: EnginePlace) -> None:
    make_folder(place)
    held = try_lock(place.lock)
    assert held is not None
    with ThreadPoolExecutor() as pool:
        joining = pool.submit(join, place)
        os.close(held)
        with joining.result():
            assert process_of(place)
