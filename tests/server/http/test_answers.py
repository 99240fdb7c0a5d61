"""What belongs to an answer: no token or text that the client sent, nothing behind a stop string, and a count that
holds where a server tells no ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
from chat_models import save_chat_model
from http_app import WAIT_S, Running, running, service_of
from hypothesis import given
from hypothesis import strategies as st
from scripted_engine import ScriptedEngine
from seekline import model
from seekline.server.http.rewritten import Rewritten

HOLE = {"prompt": "def area(width, height):\n    return wid", "suffix": "\n\narea(1, 2)\n"}


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(service_of(model.embedded_folder())) as server:
        yield server


@pytest.fixture(scope="module")
def random_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Its model writes whatever there is, halves of characters included."""
    with running(service_of(save_chat_model(tmp_path_factory.mktemp("llama") / "model"))) as server:
        yield server


def complete(server: Running, **body: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The only choice, and the usage."""
    answer = httpx2.post(f"{server.url}/v1/completions", json=body, timeout=WAIT_S)
    assert answer.status_code == 200, answer.text
    return answer.json()["choices"][0], answer.json()["usage"]


def test_the_tokens_of_a_hole_are_those_of_its_text(server: Running) -> None:
    choice, usage = complete(server, **HOLE, max_tokens=8, logprobs=0)
    assert choice["text"].startswith("th")
    assert "".join(choice["logprobs"]["tokens"]) == choice["text"]
    assert usage["completion_tokens"] == len(choice["logprobs"]["tokens"])


@pytest.mark.parametrize("prompt", [HOLE["prompt"], "import numpy_xyzzyq_plu"])
@pytest.mark.parametrize("most", [0, 1, 2, 3])
def test_what_is_written_again_takes_nothing_of_the_tokens_that_are_wanted(
    server: Running, prompt: str, most: int
) -> None:
    choice, usage = complete(server, prompt=prompt, suffix=HOLE["suffix"], max_tokens=most, logprobs=0)
    assert usage["completion_tokens"] == len(choice["logprobs"]["tokens"]) <= most
    assert bool(choice["text"]) == bool(most)
    if choice["finish_reason"] == "length":
        assert usage["completion_tokens"] == most


@given(st.lists(st.sampled_from(["a", "bc", "é", "de f"]), min_size=1, max_size=6), st.integers(0, 6))
def test_what_was_sent_is_cut_from_text_and_tokens(words: list[str], cut: int) -> None:
    tokenizer = model.Tokenizer(model.embedded_folder())
    text = "".join(words)
    must_start, ids = text[:cut], tokenizer.encode_text(text)
    rewritten, decoder = Rewritten(must_start), model.Decoder(tokenizer)
    new, kept = "", []
    for id in ids:
        if not rewritten.is_of_prompt(id, tokenizer):
            kept.append(id)
        new += rewritten.new_text(decoder.feed(id))
    assert new == text[cut:]
    assert b"".join(map(tokenizer.bytes_of, kept))[rewritten.cut_bytes :] == text[cut:].encode()


def test_offsets_are_those_of_the_text(random_server: Running) -> None:
    halves = 0
    for seed in range(8):
        choice, _ = complete(random_server, prompt="x = ", max_tokens=40, logprobs=0, temperature=3, seed=seed)
        odds = choice["logprobs"]
        assert len(odds["tokens"]) == 40
        for token, offset in zip(odds["tokens"], odds["text_offset"], strict=True):
            if token.startswith("bytes:"):
                halves += 1
            elif "\ufffd" not in choice["text"][offset : offset + len(token)]:
                assert choice["text"][offset : offset + len(token)] == token
    assert halves


@pytest.mark.parametrize("is_streamed", [False, True])
def test_nothing_is_told_of_tokens_behind_a_stop_string(random_server: Running, is_streamed: bool) -> None:
    asked = {"model": "", "prompt": "def area(w):\n    return ", "max_tokens": 12, "logprobs": 0}
    with openai.OpenAI(base_url=f"{random_server.url}/v1", api_key="any", max_retries=0) as client:
        whole: Any = client.completions.create(**asked).choices[0]
        tokens, offsets = whole.logprobs.tokens, whole.logprobs.text_offset
        stop = tokens[4] + tokens[5]
        if is_streamed:
            parts: list[Any] = [part.choices[0] for part in client.completions.create(**asked, stop=stop, stream=True)]
        else:
            parts = [client.completions.create(**asked, stop=stop).choices[0]]
    text = whole.text[: whole.text.index(stop)]
    assert "".join(part.text for part in parts) == text
    told = [token for part in parts for token in part.logprobs.tokens]
    assert told == [token for token, offset in zip(tokens, offsets, strict=True) if offset < len(text)]


def test_tokens_of_a_server_that_tells_no_ids_are_counted() -> None:
    engine = ScriptedEngine([model.Piece(text=text, log_probability=-0.5) for text in "abc"])
    with running(service_of(model.embedded_folder()), engine=engine) as server:
        choice, usage = complete(server, prompt="x = ", max_tokens=8, logprobs=1)
        filled = httpx2.post(f"{server.url}/infill", json={"input_prefix": "x = "}, timeout=WAIT_S).json()
        said = httpx2.get(f"{server.url}/metrics", timeout=WAIT_S).text
    assert (choice["text"], choice["logprobs"], usage["completion_tokens"]) == ("abc", None, 3)
    assert filled["tokens_predicted"] == 3
    assert "seekline_generated_tokens_total 6.0" in said
    assert "seekline_first_token_seconds_count 2.0" in said


def test_a_prompt_counts_once_for_all_of_its_texts(server: Running) -> None:
    _, one = complete(server, prompt="x = ", max_tokens=2)
    _, three = complete(server, prompt="x = ", max_tokens=2, n=3, temperature=1)
    _, two = complete(server, prompt=["x = ", "x = "], max_tokens=2, n=2, temperature=1)
    assert three["prompt_tokens"] == one["prompt_tokens"]
    assert two["prompt_tokens"] == 2 * one["prompt_tokens"]


def test_the_coldest_temperature_is_none(server: Running) -> None:
    plain, _ = complete(server, prompt="x = ", max_tokens=8, temperature=0)
    for temperature in (1e-40, 1e-300, 1e-9):
        cold, _ = complete(server, prompt="x = ", max_tokens=8, temperature=temperature)
        assert cold["text"] == plain["text"]


def test_a_stream_of_no_tokens_is_a_stream(random_server: Running) -> None:
    asked: Any = {"model": "", "messages": [{"role": "user", "content": "x"}], "max_tokens": 0, "stream": True}
    with openai.OpenAI(base_url=f"{random_server.url}/v1", api_key="any", max_retries=0) as client:
        events: list[Any] = list(client.chat.completions.create(**asked))
    assert [event.choices[0].finish_reason for event in events] == ["length"]
