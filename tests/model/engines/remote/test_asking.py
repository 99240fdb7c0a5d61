"""What the remote engine asks of each kind of server, and what it makes of the answer."""

from __future__ import annotations

from typing import Any

import pytest
from remote_engine import refuses, served, writes
from scripted_server import Exchange
from seekline import model


def test_what_it_asks_and_what_it_makes_of_the_answer() -> None:
    usage = {"prompt_tokens": 7, "prompt_tokens_details": {"cached_tokens": 5}}
    logprobs = {"token_logprobs": [-0.5, -0.25]}

    def script(exchange: Exchange) -> None:
        exchange.stream()
        exchange.event({"choices": [{"text": "1 +", "logprobs": logprobs, "finish_reason": None}]})
        exchange.event({"choices": [{"text": " 2", "logprobs": None, "finish_reason": "length"}]})
        exchange.event({"choices": [], "usage": usage})
        exchange.event("[DONE]")

    with served(script) as (asked, server):
        assert asked.pieces() == [
            model.Piece(text="1 +", log_probability=-0.5),
            model.Piece(text="", log_probability=-0.25),
            model.Piece(text=" 2"),
            model.Piece(text="", end="length", usage=model.Usage(prompt_tokens=7, reused_tokens=5)),
        ]
        (exchange,) = server.exchanges
        assert exchange.path == "/v1/completions"
        assert exchange.asked == {
            "model": "tiny",
            "prompt": "a = ",
            "max_tokens": 8,
            "temperature": 0.0,
            "stream": True,
            "logprobs": 1,
            "stream_options": {"include_usage": True},
        }
        assert asked.engine.status == model.Status(state="ready", reason=asked.info().summary, idle=True)


def test_what_the_server_says_of_itself() -> None:
    with served(writes("x")) as (asked, server):
        info = asked.info()
        assert (info.name, info.limits.context_tokens, info.tokenizer) == ("tiny", 2048, None)
        assert info.limits.is_local
        assert not info.limits.takes_guides
        assert info.summary == f"a server on this machine: http://127.0.0.1:{server.port}, for tiny"
        assert asked.reports[-1].info == info
        assert server.exchanges == [], "it is asked once"


@pytest.mark.parametrize(
    ("row", "context_tokens"),
    [
        ({}, 4096),
        ({"max_model_len": 8192}, 8192),
        ({"max_model_len": "8192"}, 4096),
        ({"max_model_len": 1 << 60}, 4096),
        ({"meta": {"n_ctx_train": 16384, "n_ctx": 2048}}, 2048),
        ({"meta": [1]}, 4096),
    ],
)
def test_the_context_is_what_the_server_says_or_little(row: dict[str, Any], context_tokens: int) -> None:
    with served(writes("x"), {"data": [{"id": "tiny", **row}]}) as (asked, _):
        assert asked.info().limits.context_tokens == context_tokens


@pytest.mark.parametrize(
    ("owner", "with_tokenizer", "takes"),
    [
        ("vllm", True, "ids"),
        ("sglang", True, "ids"),
        ("llamacpp", True, "ids"),
        ("vllm", False, "text"),
        ("library", True, "suffix"),
        ("deepseek", False, "suffix"),
        ("xinference", False, "text"),
    ],
)
def test_each_kind_of_server_is_given_what_it_takes(owner: str, with_tokenizer: bool, takes: str) -> None:
    tokenizer = "embedded" if with_tokenizer else ""
    models = {"data": [{"id": "tiny", "owned_by": owner}]}
    with served(writes("x"), models, tokenizer=tokenizer) as (asked, server):
        asked.text(stop_ids=frozenset({3, 1}))
        sent = server.exchanges[0].asked
        limits = asked.info().limits
    assert (limits.takes_ids, limits.takes_suffix) == (takes == "ids", takes == "suffix")
    assert sent["prompt"] == ([1, 2, 3] if takes == "ids" else "a = ")
    assert sent.get("suffix") == ("\nb" if takes == "suffix" else None)
    assert sent.get("stop_token_ids") == ([1, 3] if owner in ("vllm", "sglang") else None)
    assert "stop" not in sent


@pytest.mark.parametrize(("owner", "sent"), [("vllm", 7), ("llamacpp", 7), ("deepseek", None), ("someone", None)])
def test_how_tokens_are_drawn(owner: str, sent: int | None) -> None:
    """OpenAI's own API knows no `top_k`."""
    drawn = model.Sampling(temperature=0.5, top_k=7, top_p=0.9, seed=3)
    with served(writes("x"), {"data": [{"id": "tiny", "owned_by": owner}]}) as (asked, server):
        asked.text(sampling=drawn)
        body = server.exchanges[0].asked
    assert (body["temperature"], body["top_p"], body["seed"], body.get("top_k")) == (0.5, 0.9, 3, sent)


def test_what_a_server_refuses_is_left_out_and_remembered() -> None:
    def script(exchange: Exchange) -> None:
        if "logprobs" in exchange.asked:
            refuses("400 Bad Request", "logprobs is not known")(exchange)
        else:
            writes("x")(exchange)

    with served(script) as (asked, server):
        assert [asked.text(), asked.text()] == ["x", "x"]
        assert len(server.exchanges) == 3


def test_a_server_that_takes_no_ids_after_all_is_asked_in_text() -> None:
    def script(exchange: Exchange) -> None:
        if isinstance(exchange.asked["prompt"], list):
            refuses("422 Unprocessable", "prompt must be a string")(exchange)
        else:
            writes("x")(exchange)

    with served(script, tokenizer="embedded") as (asked, _):
        before = asked.info()
        with pytest.raises(model.InfoChanged):
            asked.text()
        after = asked.info()
        assert (before.limits.takes_ids, after.limits.takes_ids) == (True, False)
        assert after.version > before.version
        assert asked.text() == "x"


def test_what_a_user_types_becomes_no_control_token_and_comes_back_as_it_was() -> None:
    typed = "s = '<｜fim▁hole｜>' + '<|endoftext|>' + '</s>' + '<fim_prefix>' + '[INST]' + '<div> a[0]'"

    def script(exchange: Exchange) -> None:
        writes(exchange.asked["prompt"][-40:])(exchange)

    pieces = (
        model.ControlToken("<｜begin▁of▁sentence｜>"),
        model.ControlToken("<｜fim▁begin｜>"),
        typed,
        model.ControlToken("<｜fim▁hole｜>"),
        "x",
    )
    with served(script) as (asked, server):
        text = asked.text(pieces=pieces)
        prompt = server.exchanges[0].asked["prompt"]
    assert prompt.startswith("<｜fim▁begin｜>s = '<\u2060｜fim▁hole｜>'")
    assert prompt.endswith("<｜fim▁hole｜>x")
    assert prompt.count("<｜fim▁hole｜>") == prompt.count("<｜fim▁begin｜>") == 1
    for token in ("<|endoftext|>", "</s>", "<fim_prefix>", "[INST]"):
        assert token not in prompt
    assert prompt.replace("\u2060", "") == f"<｜fim▁begin｜>{typed}<｜fim▁hole｜>x"
    assert "\u2060" not in text


def test_a_control_token_that_is_written_out_ends_the_text() -> None:
    pieces = (model.ControlToken("<｜fim▁begin｜>"), "a", model.ControlToken("<｜fim▁hole｜>"))
    for parts in (["1<｜fim▁hole｜>2"], ["1<｜fim", "▁hole｜", ">2"], ["1", "<｜fim▁begin｜>", "2"]):
        with served(writes(*parts)) as (asked, _):
            assert asked.text(pieces=pieces) == "1"
    with served(writes("1 <｜", "fim x", " <")) as (asked, _):
        assert asked.text(pieces=pieces) == "1 <｜fim x <"
