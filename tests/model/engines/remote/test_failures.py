"""Every failure of a server is one clear error in time, after which the next request may succeed."""

from __future__ import annotations

from itertools import pairwise
from threading import Event, Timer
from time import monotonic

import pytest
from remote_engine import OWNED, asker, in_turn, refuses, served, writes
from scripted_server import WAIT_S, Exchange, Script, ScriptedServer, closed_port
from seekline import model

KEY = "sk-0123456789"


@pytest.mark.parametrize(
    ("status", "waits"),
    [("429 Slow Down", True), ("500 Wrong", True), ("502 Gateway", True), ("503 Loading", True), ("400 Bad", False)],
)
def test_what_may_pass_is_tried_again(status: str, waits: bool) -> None:
    known = {"data": [{"id": "tiny", "owned_by": "vllm"}]}
    with served(in_turn(refuses(status), refuses(status), writes("x")), known) as (asked, server):
        if waits:
            assert asked.text() == "x"
            assert len(server.exchanges) == 3
        else:
            with pytest.raises(model.RemoteFailed):
                asked.text()
            assert len(server.exchanges) == 1


def test_it_waits_as_long_as_the_server_says() -> None:
    times: list[float] = []

    def script(exchange: Exchange) -> None:
        times.append(monotonic())
        (refuses("429 Slow Down", retry_after=1) if len(times) == 1 else writes("x"))(exchange)

    with served(script) as (asked, _):
        assert asked.text() == "x"
    assert [later - earlier >= 1 for earlier, later in pairwise(times)] == [True]


@pytest.mark.parametrize("script", [refuses("429 Slow Down", retry_after=60), refuses("500 Wrong")])
def test_no_retry_takes_longer_than_the_request_may(script: Script) -> None:
    with served(script) as (asked, _), pytest.raises(model.RemoteFailed, match="answers"):
        asked.text(time_limit_s=0.4)


def test_the_time_of_a_request_ends_it_with_what_there_is() -> None:
    def script(exchange: Exchange) -> None:
        exchange.stream()
        exchange.event({"choices": [{"text": "1 +", "finish_reason": None}]})
        exchange.wait_until_left()

    with served(script) as (asked, server):
        assert asked.pieces(time_limit_s=0.3)[-1] == model.Piece(text="", end="time")
        assert all(exchange.left.wait(WAIT_S) for exchange in server.exchanges)


def test_a_cancel_closes_the_connection_and_is_no_failure() -> None:
    def script(exchange: Exchange) -> None:
        exchange.stream()
        exchange.wait_until_left()

    with served(script) as (asked, server):
        cancel = Event()
        server.once_it_waits(cancel.set)
        with pytest.raises(model.Cancelled):
            asked.pieces(cancel=cancel)
        assert server.exchanges[0].left.wait(WAIT_S)
        assert asked.engine.status.state == "ready"


def test_a_cancel_ends_the_wait_for_the_next_try() -> None:
    with served(refuses("429 Slow Down", retry_after=15)) as (asked, _):
        cancel = Event()
        Timer(0.1, cancel.set).start()
        started = monotonic()
        with pytest.raises(model.Cancelled):
            asked.pieces(cancel=cancel)
        assert monotonic() - started < 10


def half_an_answer(exchange: Exchange) -> None:
    exchange.stream()
    exchange.event({"choices": [{"text": "1 +", "finish_reason": None}]})


def an_error_in_the_middle(exchange: Exchange) -> None:
    half_an_answer(exchange)
    exchange.event({"error": {"message": "out of memory", "code": 500}})


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (refuses("401 Unauthorized", f"wrong key {KEY}"), "SEEKLINE_REMOTE_KEY"),
        (refuses("404 Not Found", "no such model"), "there is a model 'tiny'"),
        (refuses("307 There", location="https://other.example/v1"), "No redirect is followed"),
        (refuses("500 Wrong", "boom"), "answers 500: boom"),
        (lambda exchange: None, "in the middle of an answer"),
        (half_an_answer, "in the middle of an answer"),
        (an_error_in_the_middle, "gave up in the middle of an answer: out of memory"),
        (lambda exchange: exchange.send("nonsense\r\n\r\n"), "sent what is no HTTP"),
        (lambda exchange: exchange.head(content_type="text/html"), "answers with text/html"),
        (lambda exchange: exchange.json({"choices": []}), "answers with application/json"),
    ],
)
def test_what_fails_is_one_clear_error_and_the_next_request_works(script: Script, said: str) -> None:
    with served(script, key="none") as (asked, server):
        answered = server.script
        with pytest.raises(model.RemoteFailed) as raised:
            asked.text(time_limit_s=3)
        assert said in str(raised.value)
        assert asked.engine.status == model.Status(state="failed", reason=str(raised.value), idle=True)
        server.script = lambda exchange: (
            answered(exchange) if exchange.path.endswith("/models") else writes("x")(exchange)
        )
        assert asked.text() == "x"
        assert asked.engine.status.state == "ready"


@pytest.mark.parametrize(
    "event",
    ["no JSON", [1], {"choices": 1}, {"choices": [1]}, {"choices": [{"text": 1}]}, {"choices": [{}]}, "[" * 100_000],
)
def test_events_that_are_none(event: object) -> None:
    def script(exchange: Exchange) -> None:
        exchange.stream()
        exchange.event(event)

    with served(script) as (asked, _), pytest.raises(model.RemoteFailed, match="sent "):
        asked.text()


def test_half_a_character_is_no_text() -> None:
    def script(exchange: Exchange) -> None:
        exchange.stream()
        exchange.event('{"choices": [{"text": "a\\ud83d", "finish_reason": "stop"}]}')

    with served(script) as (asked, _):
        assert asked.text() == "a\ufffd"


def test_after_the_first_piece_nothing_is_asked_again() -> None:
    with served(half_an_answer) as (asked, server):
        with pytest.raises(model.RemoteFailed):
            asked.text()
        assert len(server.exchanges) == 1


def test_a_server_that_says_nothing() -> None:
    with served(lambda exchange: exchange.wait_until_left(), silence_s=1) as (asked, server):
        with pytest.raises(model.RemoteFailed, match="said nothing for 1 s"):
            asked.text()
        with pytest.raises(model.RemoteFailed, match=r"wrote nothing within 0\.1 s"):
            asked.text(time_limit_s=0.1)
        assert all(exchange.left.wait(WAIT_S) for exchange in server.exchanges if exchange.method == "POST")


def test_a_server_that_comes_later() -> None:
    port = closed_port()
    with asker(f"http://127.0.0.1:{port}/v1") as asked:
        with pytest.raises(model.RemoteFailed, match="cannot be reached"):
            asked.info()
        assert asked.engine.status.state == "failed"
        assert asked.reports[-1].error is not None
        with ScriptedServer(lambda exchange: exchange.json(OWNED), port=port):
            assert asked.info().name == "tiny"
        assert asked.engine.status.state == "ready"


def test_another_server_takes_its_place_while_the_first_is_asked() -> None:
    go_on = Event()

    def slow(exchange: Exchange) -> None:
        go_on.wait(WAIT_S)
        exchange.json(OWNED)

    with ScriptedServer(slow) as first, asker(first.url) as asked:
        waiting = asked.engine.info()
        with ScriptedServer(lambda exchange: exchange.json({"data": [{"id": "second"}]})) as second:
            asked.load(url=second.url)
            assert waiting.result(WAIT_S).name == "second"
        go_on.set()


def test_who_waits_when_it_is_closed_is_told() -> None:
    with ScriptedServer(lambda exchange: exchange.wait_until_left()) as server, asker(server.url) as asked:
        waiting = asked.engine.info()
        assert asked.engine.close(WAIT_S)
        with pytest.raises(model.Cancelled):
            waiting.result(WAIT_S)
