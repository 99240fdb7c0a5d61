"""Clients that leave early, read nothing or send too much: nobody waits for them, and the device does not work on."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from typing import Any

import httpx2
import pytest
from fake_engine import FakeEngine
from http_app import WAIT_S, Running, running, service_of
from scripted_engine import ScriptedEngine
from seekline import model
from seekline.server.http import limits, serving
from seekline.server.http.completions import CompletionFields
from seekline.server.http.gate import Gate
from seekline.server.http.generation import Asked, Outcome, admitted, whole
from seekline.server.http.service import Service

ASKED = {"prompt": "x = ", "max_tokens": 8}


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(service_of(model.embedded_folder())) as server:
        yield server


def connect(server: Running, body: dict[str, Any], *, receive_bytes: int | None = None) -> socket.socket:
    """A client that has sent its request and has read nothing yet."""
    content = json.dumps(body).encode()
    head = f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n\r\n"
    client = socket.socket()
    if receive_bytes is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    client.settimeout(WAIT_S)
    client.connect(("127.0.0.1", server.port))
    client.sendall(head.encode() + content)
    return client


def wait_until_nobody_runs(server: Running) -> None:
    deadline_s = monotonic() + WAIT_S
    while server.service.gate.running:
        assert monotonic() < deadline_s, "somebody still holds a place"
        sleep(0.01)


@pytest.mark.parametrize("stream", [False, True])
def test_who_leaves_before_the_first_piece_stops_the_device(stream: bool) -> None:
    """As editors do with each key: the prompt is still being computed then."""
    engine = ScriptedEngine(["1"], begins_after_s=10 * WAIT_S)
    with running(service_of(model.embedded_folder()), engine=engine) as server:
        with connect(server, {**ASKED, "stream": stream}):
            assert engine.began.wait(WAIT_S)
        assert engine.ended.wait(WAIT_S / 2)
        wait_until_nobody_runs(server)


def test_who_leaves_while_it_waits_gives_up_its_turn() -> None:
    engine, service = ScriptedEngine(["1"], begins_after_s=10 * WAIT_S), service_of(model.embedded_folder())
    service.gate = Gate(running=1, waiting=1)
    with running(service, engine=engine) as server:
        with connect(server, {**ASKED, "stream": True}):
            assert engine.began.wait(WAIT_S)
            with connect(server, {**ASKED, "stream": True}):
                deadline_s = monotonic() + WAIT_S
                while not service.gate.waiting:
                    assert monotonic() < deadline_s
                    sleep(0.01)
            while service.gate.waiting:
                assert monotonic() < deadline_s, "it still waits"
                sleep(0.01)
        wait_until_nobody_runs(server)


def test_who_does_not_read_loses_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text larger than all buffers between the two: else eight such clients would be all that is ever served."""
    monkeypatch.setattr(serving, "_READ_WITHIN_S", 0.2)
    engine = ScriptedEngine(["x" * 100_000] * 200)
    with (
        running(service_of(model.embedded_folder()), engine=engine) as server,
        connect(server, {**ASKED, "stream": True}, receive_bytes=4096),
    ):
        assert engine.began.wait(WAIT_S)
        wait_until_nobody_runs(server)


def test_who_reads_slowly_is_served_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_READ_WITHIN_S", WAIT_S)
    engine = ScriptedEngine(["x" * 100_000] * 60)
    with (
        running(service_of(model.embedded_folder()), engine=engine) as server,
        connect(server, {**ASKED, "stream": True}, receive_bytes=4096) as client,
    ):
        said = bytearray()
        while b"[DONE]" not in said[-100:]:
            new = client.recv(1_000_000)
            assert new, "the server hangs up"
            said += new
    assert said.count(b"x") > 6_000_000 - 100


def test_half_a_head_is_not_waited_for_on_a_connection_that_was_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_HEADERS_WITHIN_S", 0.2)
    monkeypatch.setattr(serving, "_IDLE_S", 0.2)
    with (
        running(service_of(model.embedded_folder())) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S / 2) as slow,
    ):
        slow.sendall(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
        said = b""
        while b"}}" not in said:
            new = slow.recv(10_000)
            assert new, "the server hangs up"
            said += new
        slow.sendall(b"GET /not")
        assert slow.recv(10_000) == b"", "the server hangs up"


def test_a_large_prompt_holds_nobody_up(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is turned into ids beside the loop: others are answered meanwhile."""
    begun, goes_on = threading.Event(), threading.Event()
    encode = model.Tokenizer.encode_text

    def slow(tokenizer: model.Tokenizer, text: str) -> list[int]:
        if text.startswith("slow"):
            begun.set()
            assert goes_on.wait(WAIT_S)
        return encode(tokenizer, text)

    httpx2.post(f"{server.url}/v1/completions", json=ASKED, timeout=WAIT_S)  # the model is loaded
    monkeypatch.setattr(model.Tokenizer, "encode_text", slow)
    for path, body in (
        ("/v1/completions", {"prompt": "slow", "max_tokens": 1}),
        ("/infill", {"input_prefix": "slow", "n_predict": 0}),
        ("/tokenize", {"content": "slow"}),
    ):
        begun.clear()
        goes_on.clear()
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(httpx2.post, f"{server.url}{path}", json=body, timeout=WAIT_S)
            try:
                assert begun.wait(WAIT_S)
                assert httpx2.get(f"{server.url}/health", timeout=WAIT_S / 2).status_code == 200
            finally:
                goes_on.set()
            assert asking.result(WAIT_S).status_code == 200


def test_all_bodies_together_are_bounded(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def until(status: int) -> None:
        deadline_s = monotonic() + WAIT_S
        while True:
            answer = httpx2.post(f"{server.url}/tokenize", json={"content": "x" * 400}, timeout=WAIT_S)
            assert answer.headers.get("retry-after") == ("1" if answer.status_code == 429 else None)
            if answer.status_code == status:
                return
            assert monotonic() < deadline_s

    monkeypatch.setattr(limits, "MAX_TOTAL_BYTES", 1000)
    head = b"POST /infill HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as one:
        one.sendall(head + b" " * 800)
        until(429)  # the server has read the first
    until(200)


def test_a_page_without_an_origin_is_a_page(server: Running) -> None:
    """A frame in a sandbox says null, and may send any text without being asked whether it may."""
    headers = {"Origin": "null", "Content-Type": "text/plain"}
    body = json.dumps(ASKED).encode()
    answer = httpx2.post(f"{server.url}/v1/completions", content=body, headers=headers, timeout=WAIT_S)
    assert answer.status_code == 403


def test_health_tells_strangers_nothing_of_the_machine() -> None:
    engine = FakeEngine()
    engine.status = model.Status(state="failed", reason="/home/somebody/model is no model", idle=True)
    with running(service_of(model.embedded_folder()), engine=engine, key="k-0123456789abcdef") as server:
        answer = httpx2.get(f"{server.url}/health", timeout=WAIT_S)
    assert answer.status_code == 503
    assert "/home" not in answer.text


async def answer(service: Service, asked: Asked) -> Outcome:
    async with admitted(service, "test") as admission:
        return await whole(admission, lambda _: asked)


def test_time_to_write_begins_with_the_first_token() -> None:
    """llama.cpp's: it ends a text that has a line and took so long; what the prompt takes does not count."""
    request = model.CompletionRequest(ids=(1,), max_new_tokens=8)
    service = service_of(model.embedded_folder())
    for limit_s, expected in ((0.001, "ab\n"), (WAIT_S, "ab\nc"), (None, "ab\nc")):
        service.engine = ScriptedEngine(["a", "b\n", "c"], begins_after_s=0.1, seconds_each=0.05)
        asked = Asked(request=request, max_tokens=8, writes_within_s=limit_s)
        outcome = asyncio.run(answer(service, asked))
        assert (outcome.text, outcome.finish) == (expected, "stop" if expected.endswith("c") else "length")


def test_the_prompt_of_ids_is_echoed_too(server: Running) -> None:
    tokenizer = model.Tokenizer(model.embedded_folder())
    text = "x = width\n"
    for prompt in (text, tokenizer.encode_text(text)):
        asked = CompletionFields(prompt=prompt, max_tokens=2, echo=True).model_dump(exclude_none=True)
        whole = httpx2.post(f"{server.url}/v1/completions", json=asked, timeout=WAIT_S).json()["choices"][0]["text"]
        assert whole.startswith(text)
        streamed = httpx2.post(f"{server.url}/v1/completions", json={**asked, "stream": True}, timeout=WAIT_S).text
        events = [json.loads(line[6:]) for line in streamed.splitlines() if line.startswith("data: {")]
        assert "".join(event["choices"][0]["text"] for event in events) == whole


def test_what_cannot_be_echoed_is_refused_before_anything_comes(server: Running) -> None:
    asked = {"prompt": "x " * 4000, "echo": True, "stream": True}
    answer = httpx2.post(f"{server.url}/v1/completions", json=asked, timeout=WAIT_S)
    assert answer.status_code == 400


class Faulty(ScriptedEngine):
    def stream(self, request: model.CompletionRequest, cancel: threading.Event) -> Generator[model.Piece, None, None]:
        yield model.Piece(text="a", ids=(1,))
        raise RuntimeError("a fault of the engine's")


def test_a_fault_counts_as_one_and_not_as_a_client_that_left() -> None:
    with running(service_of(model.embedded_folder()), engine=Faulty([])) as server:
        assert httpx2.post(f"{server.url}/v1/completions", json=ASKED, timeout=WAIT_S).status_code == 500
        said = httpx2.get(f"{server.url}/metrics", timeout=WAIT_S).text
    assert 'seekline_requests_total{end="failed",endpoint="completions"} 1.0' in said
    assert 'end="cancelled",endpoint="completions"} 1.0' not in said
