"""What an admitted editor may say or not read: its connection ends, and the others' completions do not."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any, cast

import msgspec
import pytest
from seekline import model
from seekline.model.engines.process.channel import MAX_MESSAGE_BYTES
from seekline.model.engines.process.engine import SharedEngine
from seekline.model.engines.process.link import engine_died
from seekline.model.engines.process.messages import Ask, AskInfo, KnownTexts, Load, Texts, encode
from seekline.model.engines.process.shared_model import as_anywhere
from shared_engines import WAIT_S, Editor, Hosting, shared, until
from tiny_models import IDS


@pytest.fixture
def neighbour(hosting: Hosting, folder: Path) -> Iterator[Editor]:
    """Whom nothing of it may concern."""
    editor = Editor(hosting, folder)
    editor.write()
    yield editor
    editor.close()


@dataclass
class Stranger:
    """An editor that says what it likes."""

    connection: Connection
    thread: Thread

    def is_gone(self) -> bool:
        return not self.thread.is_alive()


@pytest.fixture
def stranger(hosting: Hosting) -> Iterator[Stranger]:
    ours, theirs = cast("tuple[Connection, Connection]", Pipe())
    client = model.ClientName(name="a stranger", pid=1)
    thread = Thread(target=hosting.host.serve, args=(ours, client), daemon=True)
    thread.start()
    with theirs:
        yield Stranger(theirs, thread)
    thread.join(WAIT_S)
    assert not thread.is_alive()


def load(folder: Path) -> bytes:
    return encode(Load(wanted=as_anywhere(shared(folder).local), agreed=None, again=False))


def ask(number: int = 1, **more: Any) -> bytes:
    request = model.CompletionRequest(ids=tuple(IDS), key="a.py", **{"max_new_tokens": 8, **more})
    return encode(Ask(number=number, request=request, copies=None, warms=False))


UNKNOWN_TEXT = encode(
    Ask(
        number=1,
        request=model.CompletionRequest(ids=tuple(IDS), max_new_tokens=8),
        copies=KnownTexts(before="", after="", others=(7,)),
        warms=False,
    )
)
SAID = {
    "no MessagePack": b"\xc1 what",
    "nothing": b"",
    "no message": msgspec.msgpack.encode({"type": "Explode"}),
    "half a message": ask()[:-9],
    "numbers that are texts": msgspec.msgpack.encode({"type": "AskInfo", "number": "one"}),
    "a message of the other side": msgspec.msgpack.encode({"type": "Done", "number": 1}),
    "a question before anything is wanted": encode(AskInfo(number=1)),
    "a completion before anything is wanted": ask(),
    "a text that it never sent": encode(Texts(new={}, dropped=(1,))),
    "too many texts": encode(Texts(new={1: "a" * 9_000_000}, dropped=())),
    "deep nesting": b"\x91" * 100_000,
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_it_is_hung_up_on(hosting: Hosting, neighbour: Editor, stranger: Stranger, said: bytes) -> None:
    stranger.connection.send_bytes(said)
    until(stranger.is_gone, "it is still served")
    assert neighbour.write()
    assert len(hosting.host.status().clients) == 1


def test_it_names_texts_that_it_never_sent(neighbour: Editor, stranger: Stranger, folder: Path) -> None:
    stranger.connection.send_bytes(load(folder))
    stranger.connection.send_bytes(UNKNOWN_TEXT)
    until(stranger.is_gone, "it is still served")
    assert neighbour.write()


def test_it_leaves_in_the_middle_of_a_message(neighbour: Editor, stranger: Stranger) -> None:
    with open(stranger.connection.fileno(), "wb", closefd=False) as raw:
        raw.write(struct.pack("!i", 1000) + b"half")
    stranger.connection.close()
    until(stranger.is_gone, "it is still served")
    assert neighbour.write()


def test_it_announces_more_than_anybody_says(neighbour: Editor, stranger: Stranger) -> None:
    with open(stranger.connection.fileno(), "wb", closefd=False) as raw:
        raw.write(struct.pack("!i", MAX_MESSAGE_BYTES + 1))
    until(stranger.is_gone, "it waits for all of that")
    assert neighbour.write()


def test_it_asks_for_more_at_a_time_than_an_editor_does(
    hosting: Hosting, neighbour: Editor, stranger: Stranger, folder: Path
) -> None:
    stranger.connection.send_bytes(load(folder))
    version = hosting.host._pool._models[0].engine.info().result(WAIT_S).version
    for number in range(200):
        try:
            stranger.connection.send_bytes(ask(number, version=version, max_new_tokens=400))
        except OSError:
            break
    until(stranger.is_gone, "it is still served")
    until(lambda: hosting.host.is_idle, "what it asked goes on")
    assert neighbour.write()


def test_it_reads_nothing(hosting: Hosting, neighbour: Editor, stranger: Stranger, folder: Path) -> None:
    """Its own answers wait; nobody else's, and the device does not."""
    stranger.connection.send_bytes(load(folder))
    sender = Thread(target=_ask_for_ever, args=(stranger.connection,), daemon=True)
    sender.start()
    for number in range(20):
        assert neighbour.write(key=f"{number}.py")
    until(lambda: hosting.host.is_idle, "the device waits for it")
    stranger.connection.close()
    until(stranger.is_gone, "it is still served")
    sender.join(WAIT_S)
    assert neighbour.write()
    assert len(hosting.host.status().clients) == 1


def _ask_for_ever(connection: Connection) -> None:
    number = 0
    try:
        while True:
            connection.send_bytes(encode(AskInfo(number=number)))
            number += 1
    except OSError:
        pass


def test_a_process_that_says_what_nobody_understands_counts_as_dead(folder: Path) -> None:
    def meet(_: model.SharedModel) -> Connection:
        ours, theirs = cast("tuple[Connection, Connection]", Pipe())
        ours.send_bytes(b"\xc1 what")
        kept.append(ours)
        return theirs

    kept: list[Connection] = []
    reports: list[model.Report] = []
    engine = SharedEngine(reports.append, meet)
    engine.load(shared(folder))
    with pytest.raises(model.EngineDied):
        engine.info().result(WAIT_S)
    until(lambda: reports and engine.status.idle, "it was told nothing")
    until(lambda: len(reports) == len(kept), "somebody's end was not told, or told twice")
    assert {report.message for report in reports} == {str(engine_died())}
    assert engine.status.state == "not loaded", "the next request tries again"
    assert engine.close(WAIT_S)
    for one in kept:
        one.close()
