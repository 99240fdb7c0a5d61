"""What both sides say first, over a real pair of sockets: who is admitted, and that nobody waits for ever."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Connection
from time import monotonic

import msgspec
import pytest
from seekline.model.engines.process.build import BUILD, VERSION, Build
from seekline.model.engines.process.client_name import ClientName
from seekline.model.engines.process.handshake import (
    Answer,
    Challenge,
    HandshakeFailed,
    Hello,
    answer,
    challenge,
    introduce,
    verdict,
)
from seekline.server import version

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="pipes are another system's")
TOKEN, OTHER = b"a" * 64, b"b" * 64
HELLO = Hello(purpose="join", client=ClientName(name="editor", pid=1), build=BUILD, keep_s=10.0)
ANSWER = Answer(verdict="admitted", build=BUILD, pid=2, clients=0)
OLD, NEW = Build(version="0.9.0", changed_ns=2), Build(version="0.10.0", changed_ns=1)


@pytest.fixture
def ends() -> Iterator[tuple[Connection, Connection]]:
    one, other = socket.socketpair()
    with Connection(one.detach()) as first, Connection(other.detach()) as second:
        yield first, second


def soon() -> float:
    return monotonic() + 60


def admit(connection: Connection, token: bytes) -> Hello:
    hello = challenge(connection, token, soon())
    answer(connection, token, hello, ANSWER)
    return hello


def test_who_knows_the_token_is_admitted(ends: tuple[Connection, Connection]) -> None:
    editor, engine = ends
    with ThreadPoolExecutor() as pool:
        admitted = pool.submit(admit, engine, TOKEN)
        assert introduce(editor, TOKEN, HELLO, soon()) == ANSWER
    assert replace(admitted.result(), nonce="") == HELLO
    editor.send_bytes(b"what comes next is whole")
    assert engine.recv_bytes() == b"what comes next is whole"


def test_an_editor_without_the_token(ends: tuple[Connection, Connection]) -> None:
    editor, engine = ends
    with ThreadPoolExecutor() as pool:
        introduced = pool.submit(introduce, editor, OTHER, HELLO, soon())
        with pytest.raises(HandshakeFailed):
            challenge(engine, TOKEN, soon())
        engine.close()
        with pytest.raises((EOFError, OSError)):
            introduced.result()


def test_an_engine_without_the_token(ends: tuple[Connection, Connection]) -> None:
    """Whoever listens in the engine's place can check nothing, and so admits everybody."""
    editor, engine = ends

    def squat() -> None:
        send(engine, msgspec.json.encode(Challenge(nonce="1")))
        receive(engine)
        send(engine, bytes(32) + msgspec.json.encode(ANSWER))

    with ThreadPoolExecutor() as pool:
        squatted = pool.submit(squat)
        with pytest.raises(HandshakeFailed):
            introduce(editor, TOKEN, HELLO, soon())
        squatted.result()


def test_an_editors_own_words_prove_nothing_to_it(ends: tuple[Connection, Connection]) -> None:
    editor, engine = ends

    def echo() -> None:
        send(engine, msgspec.json.encode(Challenge(nonce="1")))
        send(engine, receive(engine))

    with ThreadPoolExecutor() as pool:
        echoed = pool.submit(echo)
        with pytest.raises(HandshakeFailed):
            introduce(editor, TOKEN, HELLO, soon())
        echoed.result()


def test_what_was_said_once_is_of_no_use_again(ends: tuple[Connection, Connection]) -> None:
    editor, engine = ends
    with ThreadPoolExecutor() as pool:
        admitted = pool.submit(admit, engine, TOKEN)
        receive(editor)
        overheard = recorded(TOKEN)
        send(editor, overheard)
        with pytest.raises(HandshakeFailed):
            admitted.result()


def recorded(token: bytes) -> bytes:
    """What an editor has said in another handshake."""
    one, other = socket.socketpair()
    with Connection(one.detach()) as editor, Connection(other.detach()) as engine, ThreadPoolExecutor() as pool:
        send(engine, msgspec.json.encode(Challenge(nonce="1")))
        introduced = pool.submit(introduce, editor, token, HELLO, soon())
        said = receive(engine)
        engine.close()
        with pytest.raises((EOFError, OSError)):
            introduced.result()
    return said


@pytest.mark.parametrize(
    "said", [b"\xff\xff", b"\x00\x05hello", b"\x00\x28" + b"x" * 40, b"GET / HTTP/1.1\r\n\r\n" + b"x" * 30_000]
)
def test_strangers_that_say_something_else(said: bytes, ends: tuple[Connection, Connection]) -> None:
    editor, engine = ends
    with ThreadPoolExecutor() as pool:
        challenged = pool.submit(challenge, engine, TOKEN, soon())
        os.write(editor.fileno(), said)
        with pytest.raises(HandshakeFailed):
            challenged.result()


@pytest.mark.parametrize("say", [b"", b"\x00", b"\x00\x28half"])
def test_strangers_that_say_nothing_or_half(say: bytes, ends: tuple[Connection, Connection]) -> None:
    editor, engine = ends
    if say:
        os.write(editor.fileno(), say)
    with pytest.raises(TimeoutError):
        challenge(engine, TOKEN, monotonic() + 0.05)
    with pytest.raises(TimeoutError):
        introduce(editor, TOKEN, HELLO, monotonic() + 0.05) if not say else challenge(engine, TOKEN, monotonic())


def test_fields_of_a_later_version_are_ignored(ends: tuple[Connection, Connection]) -> None:
    later = msgspec.json.decode(msgspec.json.encode(ANSWER)) | {"new": 1}
    assert msgspec.json.decode(msgspec.json.encode(later), type=Answer) == ANSWER


@pytest.mark.parametrize(
    ("own", "theirs", "is_free", "said"),
    [
        (NEW, NEW, False, "admitted"),
        (OLD, NEW, True, "making way"),
        (OLD, NEW, False, "refused"),
        (NEW, OLD, True, "refused"),
        (OLD, replace(OLD, changed_ns=3), True, "making way"),
        (OLD, replace(OLD, changed_ns=1), True, "refused"),
    ],
)
def test_a_newer_version_takes_the_place_of_an_older_one_that_nobody_uses(
    own: Build, theirs: Build, is_free: bool, said: str
) -> None:
    assert verdict(own, replace(HELLO, build=theirs), is_free=is_free) == said
    assert verdict(own, replace(HELLO, build=theirs, purpose="status"), is_free=is_free) == "admitted"
    assert verdict(own, replace(HELLO, build=theirs, purpose="stop"), is_free=is_free) == "making way"


def test_versions() -> None:
    assert version.VERSION == VERSION
    assert NEW.is_newer_than(OLD)
    assert not Build(version="odd", changed_ns=9).is_newer_than(OLD)
    assert BUILD.changed_ns > 0


def send(connection: Connection, frame: bytes) -> None:
    os.write(connection.fileno(), len(frame).to_bytes(2, "big") + frame)


def receive(connection: Connection) -> bytes:
    length, found = int.from_bytes(os.read(connection.fileno(), 2), "big"), b""
    while len(found) < length:
        found += os.read(connection.fileno(), length - len(found))
    return found
