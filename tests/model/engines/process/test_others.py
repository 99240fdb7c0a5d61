"""Who is not the user, and what is not the engine: other users, squatters, and strangers that say nothing."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from threading import Thread

import msgspec
import psutil
import pytest
from engine_place import ME, NOBODY, engine_place, has_ended, process_of, run_as_nobody, wait_until
from seekline.model.engines.process.handshake import Challenge
from seekline.model.engines.process.place import EnginePlace, make_folder
from seekline.model.engines.process.rendezvous import find_or_start, status_of, stop
from seekline.model.engines.process.secret_files import try_lock, write_token
from seekline.model.errors import EngineUnreachable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="users and sockets are another system's")
TRY_ALL = """
import os, socket, sys
folder, name = sys.argv[1:]
def tried(what, attempt):
    try:
        found = attempt()
    except OSError as error:
        print(what, type(error).__name__)
    else:
        print(what, "done", found)
def connect():
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(os.path.join(folder, name + ".sock"))
        return client.recv(100)
tried("enter", lambda: os.chdir(folder))
tried("list", lambda: os.listdir(folder))
tried("read", lambda: open(os.path.join(folder, name + ".token")).read())
tried("lock", lambda: open(os.path.join(folder, name + ".lock"), "a"))
tried("remove", lambda: os.unlink(os.path.join(folder, name + ".sock")))
tried("connect", connect)
"""


@pytest.fixture
def place() -> Iterator[EnginePlace]:
    with engine_place(open_to_others=True) as made:
        yield made


def join(place: EnginePlace) -> Connection:
    return find_or_start(place, ME, keep_s=0.2)


def test_another_user_can_do_nothing(place: EnginePlace) -> None:
    with join(place):
        said = run_as_nobody(TRY_ALL, str(place.folder), place.name)
    assert said.stdout.splitlines() == [
        f"{what} PermissionError" for what in ("enter", "list", "read", "lock", "remove", "connect")
    ], said.stderr


def test_another_user_who_gets_as_far_as_the_socket_is_told_nothing(place: EnginePlace) -> None:
    """Where the modes are wrong, since somebody has changed them, the system's word on who has connected holds."""
    with join(place):
        place.folder.chmod(0o755)
        place.socket.chmod(0o666)
        said = run_as_nobody(TRY_ALL, str(place.folder), place.name).stdout.splitlines()
        place.folder.chmod(0o700)
        assert said[-1] in ("connect done b''", "connect ConnectionResetError")
        assert "read PermissionError" in said
        assert status_of(place, ME) is not None


def test_the_engine_of_another_user_is_refused(place: EnginePlace) -> None:
    """Listening in the user's place, with the user's own folder and token around it."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    make_folder(place)
    write_token(place.token)
    place.folder.chmod(0o777)
    code = (
        "import os, socket, sys\n"
        "listening = socket.socket(socket.AF_UNIX)\n"
        "listening.bind(sys.argv[1] + '.new')\n"
        "listening.listen()\n"
        "os.rename(sys.argv[1] + '.new', sys.argv[1])\n"
        "listening.settimeout(30)\n"
        "client, _ = listening.accept()\n"
        "print(client.recv(100))\n"
    )
    ran: list[str] = []
    squatter = Thread(target=lambda: ran.append(run_as_nobody(code, str(place.socket)).stdout))
    squatter.start()
    wait_until(place.socket.exists)
    place.folder.chmod(0o700)
    with pytest.raises(EngineUnreachable, match=f"user {NOBODY}'s"):
        join(place)
    squatter.join()
    assert ran == ["b''\n"], "nothing was said to it"
    place.socket.unlink()


def test_what_listens_in_the_engines_place_without_knowing_the_token_is_refused(place: EnginePlace) -> None:
    make_folder(place)
    write_token(place.token)
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as squatter:
        squatter.bind(str(place.socket))
        squatter.listen()
        # It holds the place's lock as the engine does: else it would be taken for what an engine has left.
        with locked(place):
            listening = Thread(target=squat, args=(squatter, heard), daemon=True)
            listening.start()
            with pytest.raises(EngineUnreachable, match="does not admit this one"):
                join(place)
            for use in (status_of, stop):
                with pytest.raises(EngineUnreachable, match="is not your engine"):
                    use(place, ME)
        squatter.shutdown(socket.SHUT_RDWR)
        listening.join()
    place.socket.unlink()
    assert heard
    assert not any(place.token.read_bytes() in said for said in heard), "the token is never said"


def squat(listening: socket.socket, heard: list[bytes]) -> None:
    """Plays the engine without its token."""
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        with client:
            message = msgspec.json.encode(Challenge(nonce="1"))
            client.sendall(len(message).to_bytes(2, "big") + message)
            heard.append(client.recv(10_000))
            client.sendall(b"\x00\x40" + bytes(64))


@contextmanager
def locked(place: EnginePlace) -> Iterator[None]:
    held = try_lock(place.lock)
    assert held is not None
    try:
        yield
    finally:
        os.close(held)


def test_strangers_that_say_nothing_hold_nobody_up_and_are_dropped(place: EnginePlace) -> None:
    with join(place), ExitStack() as stack:
        pid = process_of(place)
        strangers = []
        for _ in range(12):
            stranger = stack.enter_context(socket.socket(socket.AF_UNIX))
            stranger.connect(str(place.socket))
            strangers.append(stranger)
        with join(place):
            assert psutil.Process(pid).num_threads() < 40
        for stranger in strangers:
            stranger.settimeout(60)
            while stranger.recv(4096):  # the challenge, then the end
                pass
    wait_until(lambda: has_ended(pid))
