"""What a server answers to bytes that are no good messages: the protocol's error, never silence, a pop-up or a path."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from raw_client import INITIALIZE, RawServer, framed
from seekline.server.lsp.jsonrpc import read_message

MB = 1_000_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RawServer]:
    made = RawServer("--model", "embedded", folder=tmp_path)
    yield made
    made.close()
    assert "Traceback" not in made.log
    shown = [message for message in made.unasked if message.get("method") == "window/showMessage"]
    assert not shown, "errors of a client are no news for its user"


@pytest.mark.parametrize("header", [b"content-length:%d\r\n\r\n", b"CONTENT-LENGTH: \t%d \r\n\r\n"])
def test_any_spelling_of_the_header_is_answered(server: RawServer, header: bytes) -> None:
    server.say(framed({"id": 1, "method": "initialize", "params": INITIALIZE}, header))
    assert server.receive()["result"]["capabilities"]
    server.leave()


def test_malformed_messages_are_answered_and_the_session_goes_on(server: RawServer) -> None:
    server.ask(1, "initialize", INITIALIZE)
    for body, code in (
        ("{", -32700),
        ("", -32700),
        (b"\xff\xfe", -32700),
        ("[" * 50_000, -32700),
        ("[]", -32600),
        ("3", -32600),
        ('"x"', -32600),
        ('{"jsonrpc": "2.0"}', -32600),
        ('{"jsonrpc": "2.0", "id": {"a": 1}, "method": "shutdown"}', -32600),
        ('{"jsonrpc": "2.0", "id": [1], "method": "textDocument/inlineCompletion"}', -32600),
        ('{"jsonrpc": "2.0", "id": true, "method": "shutdown"}', -32600),
    ):
        server.say(framed(body))
        answer = server.receive()
        assert (answer["id"], answer["error"]["code"]) == (None, code), body
        assert set(answer["error"]) == {"code", "message"}
        assert "/" not in answer["error"]["message"], "a path"
    assert server.state()
    server.leave()


def test_messages_with_an_id_are_refused_by_it(server: RawServer) -> None:
    server.ask(1, "initialize", INITIALIZE)
    for id, message, code in (
        (2, {"jsonrpc": "1.0", "method": "shutdown"}, -32600),
        (3, {"method": 3}, -32600),
        (4, {}, -32600),
        (5, {"method": "textDocument/didOpen", "params": {}}, -32600),
        (6, {"method": "no/such"}, -32601),
        (7, {"method": "textDocument/inlineCompletion", "params": 3}, -32602),
        (8, {"method": "workspace/executeCommand", "params": {"command": "no.such"}}, -32602),
        (9, {"method": "workspace/executeCommand", "params": {"command": 3}}, -32602),
        (
            10,
            {"method": "workspace/executeCommand", "params": {"command": "seekline.prompt", "arguments": [3]}},
            -32602,
        ),
        (11, {"method": "initialize", "params": INITIALIZE}, -32600),
    ):
        server.send(id=id, **message)
        answer = server.receive()
        assert (answer["id"], answer["error"]["code"]) == (id, code)
        assert "data" not in answer["error"]
    server.leave()


def test_notifications_that_cannot_be_read_are_ignored(server: RawServer) -> None:
    server.send(method="initialized", params={})
    server.send(method="textDocument/didOpen", params=_opened("file:///a.py", "x"))
    server.ask(1, "initialize", INITIALIZE)
    for method, params in (
        ("textDocument/didChange", {"nonsense": 1}),
        ("textDocument/didChange", {"textDocument": {"uri": "x", "version": 1}, "contentChanges": []}),
        ("textDocument/didChange", {"textDocument": {"uri": "x", "version": 1}, "contentChanges": [{"text": 3}]}),
        ("textDocument/didOpen", _opened("file://[", "x")),
        ("textDocument/didOpen", _opened("file:///a%00b.py", "x")),
        ("textDocument/didOpen", _opened("file:///b.py", {"not": "text"})),
        ("textDocument/didClose", {"textDocument": {"uri": 3}}),
        ("workspace/didChangeWatchedFiles", {"changes": [{"uri": "file://[", "type": 2}, {"uri": "x", "type": 9}]}),
        ("workspace/didChangeWatchedFiles", {"changes": [{"uri": "file://[", "type": 2}]}),
        ("$/cancelRequest", {"id": {"a": 1}}),
        ("$/cancelRequest", {"id": [1]}),
        ("$/cancelRequest", {}),
        ("$/setTrace", {"value": 3}),
        ("no/such", [1]),
        ("shutdown", None),
    ):
        server.send(method=method, params=params)
    server.send(id="never asked", result={"a": 1})
    server.send(id=None, error={"code": 1, "message": "x"})
    assert server.state()
    server.leave()


@pytest.mark.parametrize(
    "data",
    [
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 99999999999999\r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc\r\n\r\n{}",
        b"A" * 100_000,
    ],
)
def test_where_framing_is_lost_the_server_says_so_and_ends(server: RawServer, data: bytes) -> None:
    with suppress(BrokenPipeError):  # it may end before it has read all
        server.say(data)
    answer = server.receive()
    assert (answer["id"], answer["error"]["code"]) == (None, -32700)
    assert server.ended() == 1
    assert "the connection is ended" in server.log


@pytest.mark.parametrize(
    "wrong",
    [
        {"processId": -1},
        {"processId": "x"},
        {"processId": "1"},
        {"processId": True},
        {"processId": 2**70},
        {"processId": {}},
        {"rootUri": 3},
        {"rootUri": "http://["},
        {"rootUri": "file:///a%00b"},
        {"rootUri": "no uri"},
        {"rootPath": "relative"},
        {"rootPath": ["x"]},
        {"workspaceFolders": 3},
        {"workspaceFolders": [3, {}, {"uri": 4, "name": "x"}, {"uri": "file://[", "name": "x"}]},
        {"trace": "loud", "locale": 3, "clientInfo": 3},
        {"capabilities": 3},
        {"capabilities": {"workspace": 3, "general": {"positionEncodings": 3}, "textDocument": [1]}},
        {"capabilities": {"window": {"showMessage": {"messageActionItem": {"additionalPropertiesSupport": "?"}}}}},
    ],
    ids=json.dumps,
)
def test_initialize_ignores_what_it_cannot_use(server: RawServer, wrong: dict[str, Any]) -> None:
    assert "result" in server.ask(1, "initialize", {**INITIALIZE, **wrong})
    server.send(method="initialized", params={})
    assert server.state()
    server.leave()


def test_the_good_folders_are_kept_beside_the_bad(server: RawServer, tmp_path: Path) -> None:
    (tmp_path / "seekline.toml").write_text("languages = { python = false }", "utf-8")
    folders = [3, {"uri": "file://[", "name": "x"}, {"uri": tmp_path.as_uri(), "name": "good"}]
    able = {"textDocument": {"inlineCompletion": {}, "completion": 3}}
    answer = server.ask(1, "initialize", {"capabilities": able, "processId": None, "workspaceFolders": folders})
    assert "completionProvider" not in answer["result"]["capabilities"], "the good capability is kept too"
    server.send(method="initialized", params={})
    uri = (tmp_path / "a.py").as_uri()
    server.send(method="textDocument/didOpen", params=_opened(uri, "x = \n"))
    position = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 4}, "context": {"triggerKind": 1}}
    assert server.ask(2, "textDocument/inlineCompletion", position)["result"] == {"items": []}
    server.leave()


def _opened(uri: str, text: Any) -> dict[str, Any]:
    return {"textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": text}}


def test_a_document_too_large_is_passed_over_and_the_session_goes_on(server: RawServer) -> None:
    """100 MB: the state is asked before the last byte is sent, and again behind it."""
    server.ask(1, "initialize", INITIALIZE)
    server.send(method="initialized", params={})
    uri, text = "file:///generated.py", 'value = "some text" # and a comment\n' * (100 * MB // 36)
    raw = framed({"method": "textDocument/didOpen", "params": _opened(uri, text)})
    position = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 4}, "context": {"triggerKind": 1}}
    change = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": text[: 8 * MB]}]}
    server.say(raw)
    assert server.ask(2, "textDocument/inlineCompletion", position)["result"] is None
    for _ in range(2):
        server.send(method="textDocument/didChange", params=change)
    part = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    change["contentChanges"] = [{"range": part, "text": "x"}]
    server.send(method="textDocument/didChange", params=change)
    server.send(method="textDocument/didSave", params={"textDocument": {"uri": uri}})
    server.send(method="textDocument/didClose", params={"textDocument": {"uri": uri}})
    server.send(method="textDocument/didOpen", params=_opened(uri, "x = 1\n"))
    assert server.ask(3, "textDocument/inlineCompletion", position)["result"] is not None
    told = [message["params"]["message"] for message in server.unasked if message["method"] == "window/showMessage"]
    assert told == ["Seekline: No completions in generated.py: it is too large."]
    server.unasked.clear()
    assert "a change of" not in server.log, "later changes are ignored quietly"
    server.leave()


def test_a_long_request_is_refused_by_its_id(server: RawServer) -> None:
    server.ask(1, "initialize", INITIALIZE)
    arguments = {"command": "seekline.status", "arguments": ["x" * 5 * MB]}
    answer_late = json.dumps(
        {"jsonrpc": "2.0", "params": arguments, "method": "workspace/executeCommand", "id": "late"}
    )
    server.say(framed(answer_late))
    answer = server.receive()
    assert (answer["id"], answer["error"]["code"]) == ("late", -32803)
    server.say(framed("[" + '"x",' * 2 * MB + "1]"))
    assert server.receive()["error"]["code"] == -32600
    server.send(id="an answer", result="x" * 5 * MB)
    server.leave()


def test_what_comes_behind_100_mb_is_soon_seen(server: RawServer) -> None:
    """Told by the time that the server computes, since the machine may be busy; without a limit, it was 12 s."""
    server.ask(1, "initialize", INITIALIZE)
    process = psutil.Process(server.process.pid)
    raw = framed(
        {"method": "textDocument/didOpen", "params": _opened("file:///a.py", "x = 1  # one\n" * (100 * MB // 13))}
    )
    computed_s: list[float] = []
    for turn in range(3):
        before = process.cpu_times()
        server.say(raw)
        server.state(f"state {turn}")
        after = process.cpu_times()
        computed_s.append(after.user + after.system - before.user - before.system)
    assert min(computed_s) < 4
    server.unasked.clear()
    server.leave()


def test_the_end_of_input_within_a_long_message(server: RawServer) -> None:
    server.ask(1, "initialize", INITIALIZE)
    assert server.process.stdin is not None
    server.say(b"Content-Length: %d\r\n\r\n" % (100 * MB))
    server.say(b'{"method": "textDocument/didOpen", "params": "' + b"x" * MB)
    server.process.stdin.close()
    assert server.ended() == 1
    assert "not complete" in server.log


def test_dense_json_is_read_with_pauses() -> None:
    """A million values take seconds, in which the event loop must run: C code would not let go of the interpreter."""
    longest = b'{"jsonrpc": "2.0", "id": 1, "method": "m", "params": [%b0]}' % (b"[]," * 200_000)
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.wait(0.001):
            ticks += 1

    other = threading.Thread(target=tick)
    other.start()
    message = read_message(longest)
    done.set()
    other.join()
    assert isinstance(message, dict)
    assert len(message["params"]) == 200_001
    assert ticks > 5


def test_answers_that_cannot_be_read_are_no_news(server: RawServer) -> None:
    able = {"workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}}
    server.ask(1, "initialize", {**INITIALIZE, "capabilities": able})
    server.send(method="initialized", params={})
    asked = server.request("client/registerCapability")
    server.send(id=asked["id"], error={"code": "x"})
    asked = server.request("workspace/configuration")
    server.send(method="$/cancelRequest", params={"id": asked["id"]})
    server.send(id=asked["id"], method="shutdown")
    refused = server.receive()
    assert (refused["id"], refused["error"]["code"]) == (asked["id"], -32600)
    server.send(id=asked["id"], error={"code": -32603, "message": "no"})
    server.send(id=asked["id"], result=[])
    server.unasked.clear()
    assert server.state()
    server.leave()
