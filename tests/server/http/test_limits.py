"""Who is not served, what is too much, and clients that take their time."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx2
import psutil
import pytest
from http_app import WAIT_S, Running, running, service_of
from pydantic import ValidationError
from scripted_engine import ScriptedEngine
from seekline import model
from seekline.server.http import limits, serving
from seekline.server.http.chat import ChatFields
from seekline.server.http.completions import CompletionFields
from seekline.server.http.fields import Fields
from seekline.server.http.gate import Gate
from seekline.server.http.infill import InfillFields
from seekline.server.http.service import Service
from seekline.server.http.tokens import DetokenizeFields

KEY = "k-0123456789abcdef"
ASKED = {"prompt": "x = ", "max_tokens": 8}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "seekline.server", *arguments]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=WAIT_S
    )


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(service_of(model.embedded_folder())) as server:
        yield server


def post(server: Running, path: str = "/v1/completions", body: Any = ASKED, **headers: str) -> httpx2.Response:
    return httpx2.post(f"{server.url}{path}", json=body, headers=headers, timeout=WAIT_S)


def until(condition: Callable[[], bool]) -> None:
    deadline_s = monotonic() + WAIT_S
    while not condition():
        assert monotonic() < deadline_s
        sleep(0.01)


def held_back(waiting: int) -> tuple[ScriptedEngine, Service]:
    """An engine that does not begin yet, behind a gate through which one passes."""
    engine, service = ScriptedEngine(["a"]), service_of(model.embedded_folder())
    engine.may_begin.clear()
    service.gate = Gate(running=1, waiting=waiting)
    return engine, service


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
        assert post(server, Authorization=f"bearer {KEY}").status_code == 200
        assert post(server, Authorization=f"Basic {KEY}").status_code == 401
        assert httpx2.get(f"{server.url}/metrics", timeout=WAIT_S).status_code == 401
        assert httpx2.get(f"{server.url}/health", timeout=WAIT_S).status_code == 200


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
    deep = httpx2.post(
        f"{server.url}/infill", content=b"[" * 100_000, headers={"content-type": "application/json"}, timeout=WAIT_S
    )
    assert deep.status_code == 400
    assert httpx2.get(f"{server.url}/nothing", timeout=WAIT_S).status_code == 404


def test_a_body_beyond_the_limit_is_not_read(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BODY_BYTES", 1000)
    assert post(server, body={"prompt": "x" * 2000}).status_code == 413

    def unannounced() -> Iterator[bytes]:
        for _ in range(10):
            yield b"x" * 500

    assert httpx2.post(f"{server.url}/infill", content=unannounced(), timeout=WAIT_S).status_code == 413


def test_more_than_wait_are_told_to_come_again() -> None:
    engine, service = held_back(waiting=2)
    with running(service, engine=engine) as server, ThreadPoolExecutor(3) as pool:
        served = [pool.submit(post, server) for _ in range(3)]
        until(lambda: (service.gate.running, service.gate.waiting) == (1, 2))
        refused = [post(server) for _ in range(4)]
        engine.may_begin.set()
        assert [one.result(WAIT_S).status_code for one in served] == [200] * 3
    assert all((answer.status_code, answer.headers["retry-after"]) == (429, "1") for answer in refused)
    assert engine.most == 1


def test_a_request_of_several_texts_waits_once() -> None:
    """Not again before each of them, where by then more wait than may."""
    engine, service = held_back(waiting=1)
    with running(service, engine=engine) as server, ThreadPoolExecutor(2) as pool:
        first = pool.submit(post, server, body={**ASKED, "n": 4})
        assert engine.began.wait(WAIT_S)
        second = pool.submit(post, server)
        until(lambda: service.gate.waiting == 1)
        engine.may_begin.set()
        assert [one.result(WAIT_S).status_code for one in (first, second)] == [200, 200]
        said = httpx2.get(f"{server.url}/metrics", timeout=WAIT_S).text
    assert 'seekline_requests_total{end="stop",endpoint="completions"} 2.0' in said
    assert "seekline_first_token_seconds_count 2.0" in said


def test_the_first_token_is_waited_for_from_when_a_request_comes() -> None:
    engine, service = held_back(waiting=1)
    with running(service, engine=engine) as server, ThreadPoolExecutor(2) as pool:
        both = [pool.submit(post, server) for _ in range(2)]
        until(lambda: service.gate.waiting == 1)
        sleep(0.3)
        engine.may_begin.set()
        assert [one.result(WAIT_S).status_code for one in both] == [200, 200]
        said = httpx2.get(f"{server.url}/metrics", timeout=WAIT_S).text
    [waited_s] = [float(line.split()[1]) for line in said.splitlines() if "first_token_seconds_sum" in line]
    assert waited_s > 0.6, "both of them waited"


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (CompletionFields, {"prompt": [0.5] * 1000}),
        (CompletionFields, {"prompt": [{}] * 1000}),
        (CompletionFields, {"prompt": [[0.5] * 1000]}),
        (CompletionFields, {"prompt": "", "stop": [0.5] * 1000, "logit_bias": {str(n): "x" for n in range(1000)}}),
        (DetokenizeFields, {"tokens": ["x"] * 1000}),
        (ChatFields, {"messages": [0.5] * 1000}),
        (ChatFields, {"messages": [{"role": "user", "content": [0.5] * 1000}]}),
        (InfillFields, {"input_extra": [0.5] * 1000, "response_fields": [0.5] * 1000}),
    ],
)
def test_a_list_of_wrong_items_is_one_error(fields: type[Fields], body: dict[str, Any]) -> None:
    """A few for a few forms, but not one for each item, which would hold up the server."""
    with pytest.raises(ValidationError) as raised:
        fields.model_validate(body)
    assert raised.value.error_count() < 8


def test_two_hundred_clients_at_once(server: Running) -> None:
    process = psutil.Process()
    post(server)
    before = process.memory_info().rss
    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(lambda number: post(server, body={**ASKED, "prompt": f"x{number} = "}), range(200)))
    assert all(answer.status_code in (200, 429) for answer in answers)
    assert sum(answer.status_code == 200 for answer in answers) >= 100
    assert process.memory_info().rss - before < 400_000_000


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
