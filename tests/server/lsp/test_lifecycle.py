"""How a server starts and ends: at once, with the codes of the specification, and with its client."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from editor import editor
from raw_client import INITIALIZE, RawServer


def test_exit_after_shutdown_is_code_0(tmp_path: Path) -> None:
    server = RawServer(folder=tmp_path)
    server.ask(1, "initialize", INITIALIZE)
    assert server.ask(2, "shutdown")["result"] is None
    server.send(method="exit")
    assert server.ended() == 0


def test_exit_without_shutdown_is_code_1(tmp_path: Path) -> None:
    server = RawServer(folder=tmp_path)
    server.ask(1, "initialize", INITIALIZE)
    server.send(method="exit")
    assert server.ended() == 1


def test_exit_before_anything_is_code_1(tmp_path: Path) -> None:
    server = RawServer(folder=tmp_path)
    server.send(method="exit")
    assert server.ended() == 1


def test_requests_out_of_turn_are_refused_not_ignored(tmp_path: Path) -> None:
    server = RawServer(folder=tmp_path)
    assert server.ask(1, "textDocument/inlineCompletion", {})["error"]["code"] in (-32602, -32002)
    assert server.ask(2, "workspace/executeCommand", {"command": "seekline.status"})["error"]["code"] == -32002
    server.ask(3, "initialize", INITIALIZE)
    server.ask(4, "shutdown")
    assert server.ask(5, "workspace/executeCommand", {"command": "seekline.status"})["error"]["code"] == -32600
    server.send(method="exit")
    assert server.ended() == 0


def test_end_of_input_ends_the_server(tmp_path: Path) -> None:
    server = RawServer(folder=tmp_path)
    server.ask(1, "initialize", INITIALIZE)
    server.send(method="initialized", params={})
    assert server.process.stdin is not None
    server.process.stdin.close()
    assert server.ended() == 1


def test_the_clients_death_ends_the_server(tmp_path: Path) -> None:
    """Also where its end of the pipe stays open, as it does when another process has inherited it."""
    client = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    server = RawServer(folder=tmp_path)
    server.ask(1, "initialize", {**INITIALIZE, "processId": client.pid})
    server.send(method="initialized", params={})
    assert server.ask(2, "workspace/executeCommand", {"command": "seekline.status"})["result"]
    client.communicate(b"\n")
    assert server.ended() == 1
    assert not psutil.pid_exists(server.process.pid)


def test_a_client_that_is_dead_already(tmp_path: Path) -> None:
    client = subprocess.Popen([sys.executable, "-c", ""])
    client.wait()
    server = RawServer(folder=tmp_path)
    server.ask(1, "initialize", {**INITIALIZE, "processId": client.pid})
    server.send(method="initialized", params={})
    assert server.ended() == 1


def test_initialize_is_answered_before_torch_is_imported(tmp_path: Path) -> None:
    server = RawServer(folder=tmp_path)
    server.ask(1, "initialize", INITIALIZE)
    maps = Path(f"/proc/{server.process.pid}/maps")
    if maps.exists():
        assert "libtorch" not in maps.read_text()
    server.send(method="exit")
    server.ended()


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


def test_an_editor_that_never_tells_its_settings_still_gets_its_own(tmp_path: Path) -> None:
    """It announces that it can be asked, and then does not answer; what it said in `initialize` holds."""
    server = RawServer(folder=tmp_path)
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
