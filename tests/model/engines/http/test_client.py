"""The client against servers that answer well, badly, slowly or not at all; every wait ends by a cancel at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Timer
from time import monotonic
from typing import Any

import pytest
from scripted_server import WAIT_S, Exchange, Script, ScriptedServer, closed_port
from seekline import model
from seekline.model.engines.http.client import HttpClient, Server
from seekline.model.engines.http.failures import HttpFailure

SECRET = "sk-0123456789"


@contextmanager
def client_of(url: str, **more: Any) -> Iterator[HttpClient]:
    headers = {"authorization": f"Bearer {SECRET}"}
    client = HttpClient(Server(url=url, headers=headers, secrets=[SECRET], **more))
    try:
        yield client
    finally:
        assert client.close(WAIT_S)


def events(
    client: HttpClient, cancel: Event | None = None, first_s: float = WAIT_S, between_s: float = WAIT_S
) -> Generator[str, None, None]:
    asked = {"prompt": [1]}
    return client.events("completions", asked, cancel=cancel or Event(), first_s=first_s, between_s=between_s)


def failure_of(script: Script, first_s: float = WAIT_S, between_s: float = WAIT_S) -> HttpFailure:
    with ScriptedServer(script) as server, client_of(server.url) as client:
        with pytest.raises(HttpFailure) as raised:
            list(events(client, first_s=first_s, between_s=between_s))
        assert SECRET not in str(raised.value)
        return raised.value


def test_events_come_one_by_one_while_the_answer_goes_on() -> None:
    go_on = Event()

    def script(exchange: Exchange) -> None:
        exchange.stream()
        exchange.event("a")
        assert go_on.wait(WAIT_S)
        exchange.event("b")

    with ScriptedServer(script) as server, client_of(server.url) as client:
        received = events(client)
        assert next(received) == "a"
        go_on.set()
        assert list(received) == ["b"]
        (exchange,) = server.exchanges
    assert (exchange.method, exchange.path, exchange.asked) == ("POST", "/v1/completions", {"prompt": [1]})
    assert exchange.headers["authorization"] == f"Bearer {SECRET}"
    assert exchange.headers["accept-encoding"] == "identity"


def test_json() -> None:
    with ScriptedServer(lambda exchange: exchange.json({"data": []})) as server, client_of(server.url) as client:
        assert client.json("GET", "models", cancel=Event(), limit_s=WAIT_S) == {"data": []}
        assert server.exchanges[0].path == "/v1/models"


def silent(exchange: Exchange) -> None:
    exchange.wait_until_left()


def silent_after_head(exchange: Exchange) -> None:
    exchange.stream()
    exchange.wait_until_left()


def silent_after_event(exchange: Exchange) -> None:
    exchange.stream()
    exchange.event("a")
    exchange.wait_until_left()


def silent_in_a_refusal(exchange: Exchange) -> None:
    exchange.head("500 Wrong", content_length=100)
    exchange.wait_until_left()


@pytest.mark.parametrize("script", [silent, silent_after_head, silent_after_event, silent_in_a_refusal])
@pytest.mark.parametrize("how", ["cancel", "close"])
def test_whatever_it_waits_for_a_cancel_ends_it_and_closes_the_connection(script: Script, how: str) -> None:
    with ScriptedServer(script) as server, client_of(server.url) as client:
        cancel = Event()
        stop: Callable[[], object] = cancel.set if how == "cancel" else lambda: client.close(WAIT_S)
        server.once_it_waits(stop)
        with pytest.raises(model.Cancelled):
            list(events(client, cancel))
        assert server.exchanges[0].left.wait(WAIT_S)


def test_a_cancel_ends_the_wait_for_a_connection() -> None:
    """No machine has this address (RFC 5737); where there is no network at all, that is said at once."""
    with client_of("http://192.0.2.1/v1", connect_s=WAIT_S) as client:
        cancel = Event()
        Timer(0.1, cancel.set).start()
        started = monotonic()
        with pytest.raises((model.Cancelled, HttpFailure)):
            list(events(client, cancel))
        assert monotonic() - started < WAIT_S / 2


def test_who_stops_reading_closes_the_connection() -> None:
    with ScriptedServer(silent_after_event) as server, client_of(server.url) as client:
        with closing(events(client)) as received:
            assert next(received) == "a"
        assert server.exchanges[0].left.wait(WAIT_S)
        server.script = lambda exchange: exchange.json({})
        assert client.json("GET", "models", cancel=Event(), limit_s=WAIT_S) == {}


def test_a_closed_client_asks_nobody() -> None:
    with ScriptedServer(silent) as server:
        client = HttpClient(Server(url=server.url))
        assert client.close(WAIT_S)
        with pytest.raises(model.Cancelled):
            list(events(client))
        assert server.exchanges == []


def test_nothing_runs_before_the_first_request() -> None:
    threads = threading.active_count()
    with client_of("http://127.0.0.1:1/v1"):
        assert threading.active_count() <= threads


def test_nobody_there() -> None:
    with client_of(f"http://127.0.0.1:{closed_port()}/v1") as client, pytest.raises(HttpFailure) as raised:
        list(events(client))
    assert raised.value.kind == "unreachable"


def test_no_such_name() -> None:
    with client_of("http://no-such-host.invalid/v1") as client, pytest.raises(HttpFailure) as raised:
        list(events(client))
    assert raised.value.kind == "unreachable"


@pytest.mark.parametrize(
    ("script", "limits"),
    [
        (silent, {"first_s": 0.1}),
        (silent_after_head, {"first_s": 0.1}),
        (silent_after_event, {"between_s": 0.1}),
    ],
)
def test_too_slow(script: Script, limits: dict[str, float]) -> None:
    failure = failure_of(script, **limits)
    assert (failure.kind, failure.detail) == ("too slow", "said nothing for 0.1 s")


def broken_off(exchange: Exchange) -> None:
    exchange.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    exchange.send("9\r\ndata: a\n\n\r\n")


@pytest.mark.parametrize("script", [broken_off, lambda exchange: None])
def test_a_connection_that_ends_in_the_middle(script: Script) -> None:
    assert failure_of(script).kind == "broken off"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "no HTTP"),
        ("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>", "answers with text/html instead of"),
        ("HTTP/1.1 200 OK\r\n\r\ndata: a\n\n", "nothing named"),
        ("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\n\r\n", "compresses"),
        ("HTTP/1.1 200 OK\r\n" + "x: y\r\n" * 100_000, "no HTTP"),
        ("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + "x" * 1_100_000, "a line of more than"),
    ],
)
def test_garbage(sent: str, said: str) -> None:
    failure = failure_of(lambda exchange: exchange.send(sent))
    assert failure.kind == "garbage"
    assert said in failure.detail


@pytest.mark.parametrize("body", ["no JSON", "[" * 100_000, '{"a": ' + "9" * 5000 + "}", "\ud800"])
def test_json_that_is_none(body: str) -> None:
    def script(exchange: Exchange) -> None:
        exchange.head(content_type="application/json")
        exchange.send(body.encode("utf-8", "surrogatepass"))

    with ScriptedServer(script) as server, client_of(server.url) as client, pytest.raises(HttpFailure) as raised:
        client.json("GET", "models", cancel=Event(), limit_s=WAIT_S)
    assert raised.value.kind == "garbage"


def test_a_body_without_end() -> None:
    def script(exchange: Exchange) -> None:
        exchange.head(content_type="application/json")
        for _ in range(1000):
            exchange.send(b" " * 100_000)

    with ScriptedServer(script) as server, client_of(server.url) as client, pytest.raises(HttpFailure) as raised:
        client.json("GET", "models", cancel=Event(), limit_s=WAIT_S)
    assert "more than 8,388,608 bytes" in raised.value.detail


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"error": {"message": "no such\\n model", "type": "x"}}', "answers 404: no such model"),
        ('{"detail": "not found"}', "answers 404: not found"),
        ("plain \x1b[2J text", "answers 404: plain [2J text"),
        (f'{{"message": "wrong key {SECRET}"}}', "answers 404: wrong key …"),
        ("<html>", "answers 404"),
        ("", "answers 404"),
        ("x" * 100_000, "answers 404: " + "x" * 200 + "…"),
    ],
)
def test_refusals_are_quoted_in_one_short_line(body: str, said: str) -> None:
    def script(exchange: Exchange) -> None:
        exchange.head("404 Not Found", content_type="application/json", retry_after=7)
        exchange.send(body)

    failure = failure_of(script)
    assert (failure.kind, failure.detail, failure.status, failure.retry_after_s) == ("refused", said, 404, 7)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("x", None), ("-1", None), ("9" * 40, None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("1", 1.0)],
)
def test_how_long_to_wait(header: str, seconds: float | None) -> None:
    failure = failure_of(lambda exchange: exchange.json({}, "429 Slow Down", retry_after=header))
    assert failure.retry_after_s == seconds


def test_a_redirect_is_not_followed() -> None:
    with ScriptedServer(lambda exchange: exchange.json({})) as other:
        failure = failure_of(lambda exchange: exchange.head("307 There", location=other.url))
        assert other.exchanges == []
    assert (failure.status, failure.location) == (307, other.url)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(lambda exchange: exchange.json({})) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        with ScriptedServer(lambda exchange: exchange.json({})) as server, client_of(server.url) as client:
            client.json("GET", "models", cancel=Event(), limit_s=WAIT_S)
            assert len(server.exchanges) == 1
        assert proxy.exchanges == []


def test_passwords_that_are_stored_for_a_host_are_not_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n", "utf-8")
    monkeypatch.setenv("NETRC", os.fspath(tmp_path / "netrc"))
    with ScriptedServer(lambda exchange: exchange.json({})) as server:
        client = HttpClient(Server(url=server.url))
        client.json("GET", "models", cancel=Event(), limit_s=WAIT_S)
        assert client.close(WAIT_S)
        assert "authorization" not in server.exchanges[0].headers
