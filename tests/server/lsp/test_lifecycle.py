"""How a server starts and ends: at once, with the codes of the specification, and with its client."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from editor import as_dict, editor, server_command
from lsprotocol import types as lsp
from pytest_lsp import make_test_lsp_client

INITIALIZE = {"capabilities": {}, "processId": None, "rootUri": None}


class RawServer:
    """A server driven by bytes, for what no client library would do."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            server_command(*options), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def send(self, **message: Any) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """The next answer; what the server says unasked is passed over."""
        assert self.process.stdout is not None
        while True:
            length = 0
            while line := self.process.stdout.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            message = json.loads(self.process.stdout.read(length))
            if "id" in message and "method" not in message:
                return message

    def ask(self, id: int, method: str, params: Any = None) -> dict[str, Any]:
        self.send(id=id, method=method, params=params)
        return self.receive()

    def ended(self) -> int:
        """The exit code; the server must end by itself."""
        code = self.process.wait(120)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None and not stream.closed:
                stream.close()
        return code


def test_exit_after_shutdown_is_code_0() -> None:
    server = RawServer()
    server.ask(1, "initialize", INITIALIZE)
    assert server.ask(2, "shutdown")["result"] is None
    server.send(method="exit")
    assert server.ended() == 0


def test_exit_without_shutdown_is_code_1() -> None:
    server = RawServer()
    server.ask(1, "initialize", INITIALIZE)
    server.send(method="exit")
    assert server.ended() == 1


def test_exit_before_anything_is_code_1() -> None:
    server = RawServer()
    server.send(method="exit")
    assert server.ended() == 1


def test_requests_out_of_turn_are_refused_not_ignored() -> None:
    server = RawServer()
    assert server.ask(1, "textDocument/inlineCompletion", {})["error"]["code"] in (-32602, -32002)
    assert server.ask(2, "workspace/executeCommand", {"command": "seekline.status"})["error"]["code"] == -32002
    server.ask(3, "initialize", INITIALIZE)
    server.ask(4, "shutdown")
    assert server.ask(5, "workspace/executeCommand", {"command": "seekline.status"})["error"]["code"] == -32600
    server.send(method="exit")
    assert server.ended() == 0


def test_garbage_is_survived() -> None:
    server = RawServer()
    server.ask(1, "initialize", INITIALIZE)
    assert server.process.stdin is not None
    for body in (b"{", b"[]", b"3", b'"x"', b"\xff\xfe", b'{"jsonrpc": "2.0"}', b'{"jsonrpc": "2.0", "id": 9}'):
        server.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    server.send(method="textDocument/didChange", params={"nonsense": 1})
    server.send(
        method="textDocument/didChange", params={"textDocument": {"uri": "x", "version": 1}, "contentChanges": []}
    )
    assert server.ask(2, "workspace/executeCommand", {"command": "seekline.status"})["result"]["state"]
    server.send(method="exit")
    assert server.ended() == 1


def test_end_of_input_ends_the_server() -> None:
    server = RawServer()
    server.ask(1, "initialize", INITIALIZE)
    server.send(method="initialized", params={})
    assert server.process.stdin is not None
    server.process.stdin.close()
    assert server.ended() == 1


def test_the_clients_death_ends_the_server() -> None:
    """Also where its end of the pipe stays open, as it does when another process has inherited it."""
    client = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    server = RawServer()
    server.ask(1, "initialize", {**INITIALIZE, "processId": client.pid})
    server.send(method="initialized", params={})
    assert server.ask(2, "workspace/executeCommand", {"command": "seekline.status"})["result"]
    client.communicate(b"\n")
    assert server.ended() == 1
    assert not psutil.pid_exists(server.process.pid)


def test_a_client_that_is_dead_already() -> None:
    client = subprocess.Popen([sys.executable, "-c", ""])
    client.wait()
    server = RawServer()
    server.ask(1, "initialize", {**INITIALIZE, "processId": client.pid})
    server.send(method="initialized", params={})
    assert server.ended() == 1


def test_initialize_is_answered_before_torch_is_imported() -> None:
    server = RawServer()
    server.ask(1, "initialize", INITIALIZE)
    maps = Path(f"/proc/{server.process.pid}/maps")
    if maps.exists():
        assert "libtorch" not in maps.read_text()
    server.send(method="exit")
    server.ended()


async def test_tcp() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(*server_command("--tcp", f"127.0.0.1:{port}"))
    client = make_test_lsp_client()
    connected = False
    while not connected:
        assert process.returncode is None, "it ended before anyone could connect"
        try:
            await client.start_tcp("127.0.0.1", port)
            connected = True
        except OSError:
            await asyncio.sleep(0.05)
    await client.initialize_session(lsp.InitializeParams(capabilities=lsp.ClientCapabilities()))
    params = lsp.ExecuteCommandParams(command="seekline.status")
    assert as_dict(await client.workspace_execute_command_async(params))["state"]
    await client.shutdown_async(None)
    client.exit(None)
    assert await asyncio.wait_for(process.wait(), 120) == 0
    await client.stop()


async def test_what_libraries_print_does_not_reach_the_protocol(tmp_path: Path) -> None:
    """A line on standard output, from Python or from below it, would break the connection."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, threading, time\n"
        "def noise():\n"
        "    while not os.path.sameopenfile(1, 2):\n"
        "        time.sleep(0.01)  # until the server has taken the descriptor\n"
        "    print('noise', flush=True); os.write(1, b'more noise')\n"
        "threading.Thread(target=noise, daemon=True).start()\n",
        "utf-8",
    )
    async with editor("--model", "embedded", env={"PYTHONPATH": str(tmp_path)}) as made:
        await made.until("ready")
        assert (await made.status())["state"] == "ready"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs /proc-like process control")
async def test_the_device_is_free_when_the_server_has_left() -> None:
    async with editor("--model", "embedded") as made:
        pid = made.process.pid
    assert not psutil.pid_exists(pid)


def test_an_editor_that_never_tells_its_settings_still_gets_its_own() -> None:
    """It announces that it can be asked, and then does not answer; what it said in `initialize` holds."""
    server = RawServer()
    able = {"workspace": {"configuration": True}, "textDocument": {"inlineCompletion": {}}}
    options = {"model": "embedded", "languages": {"python": False}}
    server.ask(1, "initialize", {**INITIALIZE, "capabilities": able, "initializationOptions": options})
    server.send(method="initialized", params={})
    document = {"uri": "file:///main.py", "languageId": "python", "version": 1, "text": "x = \n"}
    server.send(method="textDocument/didOpen", params={"textDocument": document})
    params = {"textDocument": {"uri": document["uri"]}, "position": {"line": 0, "character": 4}}
    answer = server.ask(2, "textDocument/inlineCompletion", {**params, "context": {"triggerKind": 1}})
    assert answer["result"] == {"items": []}
    server.ask(3, "shutdown")
    server.send(method="exit")
    assert server.ended() == 0
