"""llama.cpp's own server, in a process of its own: the same tokens as ours, and no work for who has left."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

import pytest
from gguf_models import save_llama_gguf
from llama_server import CONTEXT_TOKENS, LlamaServer, llama_server
from remote_engine import Asker, asker
from scripted_server import WAIT_S
from seekline import model
from tiny_models import IDS, load, save_llama

KEY = "k-0123"
LONG = 900
"""Tokens that take seconds, but fit."""
LARGE = {"hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 8, "initializer_range": 0.2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rope = {"rope_type": "default", "rope_theta": 100_000.0}
    folder = tmp_path_factory.mktemp("tiny")
    return save_llama(folder, max_position_embeddings=CONTEXT_TOKENS, rope_parameters=rope, **LARGE)


@pytest.fixture(scope="module")
def gguf(folder: Path) -> Path:
    return save_llama_gguf(folder, folder / "tiny.gguf")


@pytest.fixture(scope="module")
def server(gguf: Path) -> Iterator[LlamaServer]:
    with llama_server(gguf, key=KEY) as running:
        yield running


@pytest.fixture
def asked(server: LlamaServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asker]:
    monkeypatch.setenv("SEEKLINE_REMOTE_KEY", KEY)
    with asker(server.url, tokenizer=str(folder)) as made:
        yield made


def slot_of(server: LlamaServer) -> dict[str, Any]:
    request = urllib.request.Request(f"{server.address}/slots", headers={"authorization": f"Bearer {server.key}"})
    (slot,) = json.load(urllib.request.urlopen(request))
    return slot


def check_is_freed(server: LlamaServer) -> None:
    """Soon nothing is computed, although the completion has not come to its end."""
    started = monotonic()
    while slot_of(server)["is_processing"]:
        assert monotonic() - started < WAIT_S
        sleep(0.001)
    assert slot_of(server)["next_token"][0]["n_decoded"] < LONG


def test_it_says_what_it_is(asked: Asker) -> None:
    info = asked.info()
    assert (info.name, info.limits.context_tokens, info.limits.takes_ids) == ("tiny", CONTEXT_TOKENS, True)


def test_the_same_tokens_as_transformers_weights_in_our_engine(asked: Asker, folder: Path) -> None:
    ours = load(folder).engine.generate(IDS, max_new_tokens=8, cancel=Event(), key="a")
    pieces = asked.pieces(ids=tuple(IDS), max_new_tokens=8)
    ids = [id for piece in pieces for id in piece.ids]
    assert ids == list(ours)
    assert all(piece.log_probability is not None for piece in pieces[:-1])
    assert pieces[-1].end == "length"
    assert pieces[-1].usage is not None
    assert pieces[-1].usage.prompt_tokens == len(IDS)


def test_one_more_token_costs_one(asked: Asker) -> None:
    ids = tuple(range(10, 300))
    asked.pieces(ids=ids, max_new_tokens=1)
    usage = asked.pieces(ids=(*ids, 20), max_new_tokens=1)[-1].usage
    assert usage == model.Usage(prompt_tokens=len(ids) + 1, reused_tokens=len(ids))


def test_a_cancel_frees_its_slot(asked: Asker, server: LlamaServer) -> None:
    cancel = Event()
    pieces = asked.engine.stream(asked.request(ids=(5, 6), max_new_tokens=LONG), cancel)
    next(pieces)
    cancel.set()
    with pytest.raises(model.Cancelled):
        for _ in pieces:
            pass
    check_is_freed(server)


def test_who_stops_reading_frees_its_slot(asked: Asker, server: LlamaServer) -> None:
    pieces = asked.engine.stream(asked.request(ids=(5, 7), max_new_tokens=LONG), Event())
    next(pieces)
    pieces.close()
    check_is_freed(server)


def test_text_in_which_control_tokens_are_spelled(server: LlamaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a tokenizer: the server makes one token of each, and begins the prompt by itself."""
    monkeypatch.setenv("SEEKLINE_REMOTE_KEY", KEY)
    spellings = ("<｜begin▁of▁sentence｜>", "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>")
    control = tuple(map(model.ControlToken, spellings))
    with asker(server.url) as made:
        usage = made.pieces(pieces=control, max_new_tokens=1)[-1].usage
        assert usage is not None
        assert usage.prompt_tokens == len(control)
        typed = made.pieces(pieces=(*control, "<｜fim▁hole｜>"), max_new_tokens=1)[-1].usage
        assert typed is not None
        assert typed.prompt_tokens > len(control) + 4, "text is many tokens"


def test_a_wrong_key(server: LlamaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEKLINE_REMOTE_KEY", "wrong-key")
    with asker(server.url) as made:
        with pytest.raises(model.RemoteFailed, match="answers 401: Invalid API Key") as raised:
            made.info()
        assert "wrong-key" not in str(raised.value)
        assert "SEEKLINE_REMOTE_KEY" in raised.value.remedy


def test_a_prompt_that_is_too_long(asked: Asker) -> None:
    with pytest.raises(model.RemoteFailed, match="exceeds the available context size") as raised:
        asked.pieces(ids=tuple([7] * (CONTEXT_TOKENS + 1)))
    assert "Lower context_tokens" in raised.value.remedy


def test_a_server_that_is_killed_while_it_writes(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEKLINE_REMOTE_KEY", KEY)
    with llama_server(gguf, key=KEY) as first, asker(first.url) as made:
        pieces = made.engine.stream(made.request(max_new_tokens=LONG), Event())
        next(pieces)
        first.kill()
        with pytest.raises(model.RemoteFailed, match="closed the connection in the middle of an answer"):
            for _ in pieces:
                pass
        assert made.engine.status.state == "failed"
        with pytest.raises(model.RemoteFailed, match="cannot be reached"):
            made.info()
        with llama_server(gguf, key=KEY, port=first.port):
            assert made.text(max_new_tokens=4)
        assert made.engine.status.state == "ready"
