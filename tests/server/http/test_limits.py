"""Who is not served, what is too much, and clients that take their time."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx2
import psutil
import pytest
from fake_engine import INFO, FakeEngine
from http_app import WAIT_S, Running, running, service_of
from seekline import model
from seekline.server.http import limits, serving
from seekline.server.http.gate import Gate

KEY = "k-0123456789abcdef"
ASKED = {"prompt": "x = ", "max_tokens": 8}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "seekline.server", *arguments]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=WAIT_S
    )


class Slow(FakeEngine):
    """One with a tokenizer, which writes a character now and then, and counts who is in it."""

    def __init__(self, seconds_each: float) -> None:
        super().__init__("abcdefgh", seconds_each=seconds_each)
        tokenizer = model.Tokenizer(model.embedded_folder())
        self.known = replace(
            INFO, tokenizer=tokenizer, family="seekline-embedded", limits=replace(INFO.limits, takes_ids=True)
        )
        self.running = self.most = self.cancelled = 0
        self.lock = threading.Lock()

    def info(self) -> Any:
        known = super().info()
        known._result = self.known
        return known

    def stream(self, request: model.CompletionRequest, cancel: threading.Event) -> Any:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            yield from super().stream(request, cancel)
        except model.Cancelled:
            self.cancelled += 1
            raise
        finally:
            with self.lock:
                self.running -= 1


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(service_of(model.embedded_folder())) as server:
        yield server


def post(server: Running, path: str = "/v1/completions", body: Any = ASKED, **headers: str) -> httpx2.Response:
    return httpx2.post(f"{server.url}{path}", json=body, headers=headers, timeout=WAIT_S)


def test_a_name_that_leads_here_by_a_trick_is_refused(server: Running) -> None:
    assert post(server, Host="evil.example").status_code == 403
    assert post(server, Host=f"localhost:{server.port}").status_code == 200
    assert post(server, Host=f"[::1]:{server.port}").status_code == 200


def test_a_web_page_is_refused(server: Running) -> None:
    assert post(server, Origin="https://evil.example").status_code == 403
    assert "access-control-allow-origin" not in post(server).headers


def test_with_a_key_nobody_else_is_served() -> None:
    with running(service_of(model.embedded_folder()), key=KEY) as server:
        assert post(server).status_code == 401
        assert post(server, Authorization="Bearer wrong").status_code == 401
        assert post(server, Authorization=f"Bearer {KEY}").status_code == 200
        assert httpx2.get(f"{server.url}/metrics").status_code == 401
        assert httpx2.get(f"{server.url}/health").status_code == 200


def test_an_address_that_others_reach_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run("serve", "--http", "0.0.0.0:0")
    assert done.returncode == 2
    assert "so a key is needed" in done.stderr
    monkeypatch.setenv(serving.KEY_VARIABLE, "short")
    done = run("serve", "--http", "127.0.0.1:0")
    assert done.returncode == 2
    assert "SEEKLINE_HTTP_KEY holds no key" in done.stderr


def test_what_is_no_request_is_one_line(server: Running) -> None:
    for body, name in (
        ([], "body"),
        ({"prompt": {}}, "prompt"),
        ({"prompt": "x", "temperature": "hot"}, "temperature"),
    ):
        answer = post(server, body=body)
        assert answer.status_code == 400
        assert name in answer.json()["error"]["message"]
    deep = httpx2.post(f"{server.url}/infill", content=b"[" * 100_000, headers={"content-type": "application/json"})
    assert deep.status_code == 400
    assert httpx2.get(f"{server.url}/nothing").status_code == 404


def test_a_body_beyond_the_limit_is_not_read(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BODY_BYTES", 1000)
    assert post(server, body={"prompt": "x" * 2000}).status_code == 413

    def unannounced() -> Iterator[bytes]:
        for _ in range(10):
            yield b"x" * 500

    assert httpx2.post(f"{server.url}/infill", content=unannounced()).status_code == 413


def test_more_than_wait_are_told_to_come_again() -> None:
    engine, service = Slow(0.05), service_of(model.embedded_folder())
    service.gate = Gate(running=1, waiting=2)
    with running(service, engine=engine) as server, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(server), range(8)))
    said = [answer.status_code for answer in answers]
    assert set(said) == {200, 429}
    assert said.count(200) >= 3
    assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 429)
    assert engine.most == 1


def test_two_hundred_clients_at_once(server: Running) -> None:
    process = psutil.Process()
    post(server)
    before = process.memory_info().rss
    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(lambda number: post(server, body={**ASKED, "prompt": f"x{number} = "}), range(200)))
    assert all(answer.status_code in (200, 429) for answer in answers)
    assert sum(answer.status_code == 200 for answer in answers) >= 100
    assert process.memory_info().rss - before < 400_000_000


def test_a_client_that_leaves_before_the_answer_is_cancelled() -> None:
    engine, service = Slow(0.2), service_of(model.embedded_folder())
    with running(service, engine=engine) as server:
        with pytest.raises(httpx2.ReadTimeout):
            httpx2.post(f"{server.url}/v1/completions", json=ASKED, timeout=httpx2.Timeout(WAIT_S, read=0.3))
        deadline_s = monotonic() + WAIT_S
        while engine.cancelled == 0:
            assert monotonic() < deadline_s, "the device goes on"
            sleep(0.01)


@pytest.mark.parametrize("said", [b"", b"POST /infill HTTP/1.1\r\nHost: loc"], ids=["nothing", "half a head"])
def test_who_says_nothing_is_not_waited_for(server: Running, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(serving, "_HEADERS_WITHIN_S", 0.2)
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as silent:
        silent.sendall(said)
        assert silent.recv(1000) == b"", "the server hangs up"


def test_a_body_that_never_ends_is_given_up(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_WITHIN_S", 0.2)
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as slow:
        slow.sendall(b"POST /infill HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        assert b" 408 " in slow.recv(1000)


def test_who_does_not_read_holds_nobody_up(server: Running) -> None:
    body = b'{"prompt": "x = ", "max_tokens": 400, "stream": true}'
    head = f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Type: application/json\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as deaf:
        deaf.sendall(head.encode() + body)
        assert post(server).status_code == 200


def test_without_its_packages_one_line_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\nfound = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'fastapi' else found(name, *more)\n",
        "utf-8",
    )
    done = run("serve", "--http", "127.0.0.1:0", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert "--http needs fastapi. Install the extra" in done.stderr
