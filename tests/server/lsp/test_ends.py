"""A server never outlives its client, however that goes, and says with its exit code how it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from raw_client import INITIALIZE, RawServer, framed

unix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes are different on Windows")


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Shells have what they start in the background ignore SIGINT, and a program inherits that from its parent."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RawServer]:
    made = RawServer("--model", "embedded", folder=tmp_path)
    yield made
    made.close()


def test_a_client_that_dies_before_it_says_initialized(server: RawServer) -> None:
    client = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    server.ask(1, "initialize", {**INITIALIZE, "processId": client.pid})
    client.communicate(b"\n")
    assert server.ended() == 1
    assert f"process {client.pid}, is gone" in server.log


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"Content-Le",
        b"Content-Length: 100\r\n\r\n{",
        framed({"id": 1, "method": "initialize", "params": INITIALIZE}),
        framed({"id": 1, "method": "initialize", "params": INITIALIZE})
        + framed({"method": "initialized", "params": {}})
        + b"Content-Length: 50000000\r\n\r\n{",
    ],
)
def test_the_end_of_input_at_any_point(server: RawServer, said: bytes) -> None:
    server.say(said)
    assert server.process.stdin is not None
    server.process.stdin.close()
    assert server.ended() == 1


@unix_only
def test_a_client_that_does_not_listen_any_more(server: RawServer) -> None:
    server.ask(1, "initialize", INITIALIZE)
    assert server.process.stdout is not None
    server.process.stdout.close()
    server.send(id=2, method="shutdown")
    assert server.process.wait(60) == 1


@unix_only
def test_a_client_that_never_reads_holds_up_nothing(server: RawServer) -> None:
    """Its pipe is full after some 64 KB of answers; the end of input is seen all the same."""
    server.ask(1, "initialize", INITIALIZE)
    for id in range(2, 3000):
        server.send(id=id, method="workspace/executeCommand", params={"command": "seekline.status"})
    assert server.process.stdin is not None
    server.process.stdin.close()
    assert server.process.wait(60) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_an_output_that_is_full() -> None:
    with Path("/dev/full").open("wb") as full:
        server = subprocess.run(
            [sys.executable, "-m", "seekline.server", "serve"],
            input=framed({"id": 1, "method": "initialize", "params": INITIALIZE}) + b"\n" * 10,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert server.returncode == 1
    assert b"Traceback" not in server.stderr


@unix_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("initialized", [False, True])
def test_signals_end_the_server(server: RawServer, number: signal.Signals, initialized: bool) -> None:
    server.ask(1, "initialize", INITIALIZE)
    if initialized:
        server.send(method="initialized", params={})
        while server.state() != "ready":
            time.sleep(0.05)
    server.process.send_signal(number)
    assert server.ended() == 128 + number


@unix_only
def test_a_signal_before_anything_was_said(server: RawServer) -> None:
    """While modules are imported too: no traceback, whenever it comes."""
    for _ in range(3):
        server.process.send_signal(signal.SIGINT)
    assert server.process.wait(60) in (130, -signal.SIGINT)  # Python itself is not up before that


@unix_only
def test_closed_standard_streams_are_a_clear_error(tmp_path: Path) -> None:
    for closed in ("<&-", ">&-", "<&- >&-", "<&- >&- 2>&-"):
        run = subprocess.run(
            ["sh", "-c", f"exec '{sys.executable}' -m seekline.server serve {closed}"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert run.returncode == 2
        assert "Traceback" not in run.stderr
        if "2>" not in closed:
            assert "Standard input or output is closed." in run.stderr


@unix_only
def test_a_server_whose_folder_is_deleted_serves(tmp_path: Path) -> None:
    folder, gone = tmp_path / "log", tmp_path / "gone"
    folder.mkdir()
    gone.mkdir()
    here = Path.cwd()
    os.chdir(gone)
    try:
        server = RawServer("--model", "embedded", folder=folder)
        gone.rmdir()
    finally:
        os.chdir(here)
    server.ask(1, "initialize", INITIALIZE)
    server.send(method="initialized", params={})
    while server.state() != "ready":
        time.sleep(0.05)
    server.leave()


def test_settings_that_come_late_still_apply(server: RawServer) -> None:
    """After the server has gone on without them: no pop-up, no InvalidStateError, and they hold."""
    able = {"workspace": {"configuration": True}, "textDocument": {"inlineCompletion": {}}}
    server.ask(1, "initialize", {**INITIALIZE, "capabilities": able})
    server.send(method="initialized", params={})
    asked = server.request("workspace/configuration")
    uri = "file:///main.py"
    document = {"uri": uri, "languageId": "python", "version": 1, "text": "x = \n"}
    server.send(method="textDocument/didOpen", params={"textDocument": document})
    while "has not told its settings" not in server.log:
        time.sleep(0.05)
    server.send(id=asked["id"], result=[{"languages": {"python": False}}])
    position = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 4}, "context": {"triggerKind": 1}}
    answer = server.ask(2, "textDocument/inlineCompletion", position)
    assert answer["result"] == {"items": []}
    assert not [message for message in server.unasked if message["method"] == "window/showMessage"]
    server.leave()
