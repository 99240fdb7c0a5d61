"""What the official client gets of a real server: texts, streams, stops, choices, chats, and cancelling."""

from __future__ import annotations

import json
import math
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import openai
import pytest
from chat_models import save_chat_model
from http_app import WAIT_S, Running, running, service_of
from seekline import model
from tiny_models import generate, load

PROMPT = "def area(width, height):\n    return "


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_chat_model(tmp_path_factory.mktemp("llama") / "model")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Running]:
    with running(service_of(folder)) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> model.Tokenizer:
    return model.Tokenizer(folder)


def test_ids_go_to_the_model_as_they_are(client: openai.OpenAI, folder: Path, tokenizer: model.Tokenizer) -> None:
    from tiny_models import IDS

    answer = client.completions.create(model="", prompt=list(IDS), max_tokens=8)
    assert answer.choices[0].text == tokenizer.decode(generate(load(folder)))
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (len(IDS), 8)
    assert answer.choices[0].finish_reason == "length"
    assert answer.model == str(folder)


def test_a_stream_says_the_same(client: openai.OpenAI) -> None:
    whole = client.completions.create(model="", prompt=PROMPT, max_tokens=20).choices[0].text
    events = list(
        client.completions.create(
            model="", prompt=PROMPT, max_tokens=20, stream=True, stream_options={"include_usage": True}
        )
    )
    assert "".join(event.choices[0].text for event in events if event.choices) == whole
    assert [event.choices[0].finish_reason for event in events if event.choices][-1] == "length"
    assert events[-1].usage is not None
    assert events[-1].usage.completion_tokens == 20
    assert len({event.id for event in events}) == 1


def test_a_stop_string_ends_before_itself_wherever_it_falls(client: openai.OpenAI) -> None:
    whole = client.completions.create(model="", prompt=PROMPT, max_tokens=30).choices[0].text
    for start in range(1, len(whole) - 3, 7):
        stop = whole[start : start + 3]
        asked = {"model": "", "prompt": PROMPT, "max_tokens": 30, "stop": [stop, "never"]}
        answer = client.completions.create(**asked)
        assert answer.choices[0].text == whole[: whole.index(stop)]
        assert answer.choices[0].finish_reason == "stop"
        streamed = client.completions.create(**asked, stream=True)
        assert "".join(event.choices[0].text for event in streamed) == answer.choices[0].text


def test_choices_and_seeds(client: openai.OpenAI) -> None:
    def texts(seed: int) -> list[str]:
        answer = client.completions.create(model="", prompt=PROMPT, max_tokens=8, n=3, temperature=2, seed=seed)
        return [choice.text for choice in answer.choices]

    first = texts(1)
    assert len(set(first)) > 1
    assert texts(1) == first
    assert texts(2) != first
    several = client.completions.create(model="", prompt=[PROMPT, "import "], max_tokens=4)
    assert [choice.index for choice in several.choices] == [0, 1]


def test_echo_and_log_probabilities(client: openai.OpenAI, tokenizer: model.Tokenizer) -> None:
    echoed = client.completions.create(model="", prompt=PROMPT, max_tokens=4, echo=True)
    assert echoed.choices[0].text.startswith(PROMPT)
    answer = client.completions.create(model="", prompt=PROMPT, max_tokens=4, logprobs=1)
    found = answer.choices[0].logprobs
    assert found is not None
    assert "".join(found.tokens or []) == answer.choices[0].text
    assert all(one is not None and one <= 0 for one in found.token_logprobs or [])
    assert len(found.token_logprobs or []) == 4


@pytest.mark.parametrize("suffix", [None, "\n\nprint(area(1, 2))\n"], ids=["a text", "a hole"])
def test_the_likeliest_tokens_at_each_place(client: openai.OpenAI, suffix: str | None) -> None:
    answer = client.completions.create(model="", prompt=PROMPT, suffix=suffix, max_tokens=4, logprobs=3)
    found = answer.choices[0].logprobs
    assert found is not None
    assert found.top_logprobs
    for token, odds, alternatives in zip(
        found.tokens or [], found.token_logprobs or [], found.top_logprobs, strict=True
    ):
        assert len(alternatives) >= 3
        assert alternatives[token] == odds == max(alternatives.values())
        assert sum(map(math.exp, alternatives.values())) <= 1.0001
    only = client.completions.create(model="", prompt=PROMPT, suffix=suffix, max_tokens=4, logprobs=0).choices[0]
    assert only.logprobs is not None
    assert [list(one) for one in only.logprobs.top_logprobs or []] == [[token] for token in only.logprobs.tokens or []]


def test_the_likeliest_tokens_of_a_chat(client: openai.OpenAI) -> None:
    asked: Any = {"model": "", "messages": [{"role": "user", "content": "area"}], "max_tokens": 4, "temperature": 0}
    answer = client.chat.completions.create(**asked, logprobs=True, top_logprobs=5)
    found = answer.choices[0].logprobs
    assert found is not None
    for token in found.content or []:
        assert len(token.top_logprobs) == 5
        assert (token.top_logprobs[0].token, token.top_logprobs[0].logprob) == (token.token, token.logprob)
    with pytest.raises(openai.BadRequestError, match="needs logprobs"):
        client.chat.completions.create(**asked, top_logprobs=5)


def test_a_hole_is_filled_in_every_form_that_clients_send(client: openai.OpenAI) -> None:
    begin, hole, end = "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"
    suffix = "\n\nprint(area(1, 2))\n"
    by_suffix = client.completions.create(model="", prompt=PROMPT, suffix=suffix, max_tokens=8)
    templated = client.completions.create(model="", prompt=f"{begin}{PROMPT}{hole}{suffix}{end}", max_tokens=8)
    assert templated.choices[0].text == by_suffix.choices[0].text
    assert templated.usage is not None
    assert by_suffix.usage is not None
    assert templated.usage.prompt_tokens == by_suffix.usage.prompt_tokens
    code = client.completions.create(model="", prompt=f"HOLE = '{hole}'\n", max_tokens=1)
    assert code.usage is not None
    assert code.usage.prompt_tokens > 8, "a token that stands in code is text"


def test_a_client_that_leaves_stops_the_device(server: Running, client: openai.OpenAI) -> None:
    stream = client.completions.create(model="", prompt=PROMPT, max_tokens=400, stream=True)
    next(iter(stream))
    stream.close()
    deadline_s = monotonic() + WAIT_S
    while not server.service.engine.status.idle or server.service.gate.running:
        assert monotonic() < deadline_s, "it goes on"
        sleep(0.01)


def test_a_chat_is_put_as_the_model_wants_it(client: openai.OpenAI, tokenizer: model.Tokenizer) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Add two numbers."}]
    answer = client.chat.completions.create(model="", messages=messages, max_tokens=8)  # pyright: ignore[reportCallIssue, reportArgumentType]
    written = "Be brief.\n### Instruction:\nAdd two numbers.\n### Response:"
    ids = [tokenizer.control_id(tokenizer.begin_token)] if tokenizer.begin_token else []
    same = client.completions.create(model="", prompt=[*ids, *tokenizer.encode_text(written)], max_tokens=8)
    assert answer.choices[0].message.content == same.choices[0].text
    events = client.chat.completions.create(model="", messages=messages, max_tokens=8, stream=True)  # pyright: ignore[reportCallIssue, reportArgumentType]
    deltas = [event.choices[0].delta for event in events]
    assert deltas[0].role == "assistant"
    assert "".join(delta.content or "" for delta in deltas) == same.choices[0].text


def test_what_cannot_be_done_is_refused_by_its_name(client: openai.OpenAI) -> None:
    for asked, name in (
        ({"best_of": 7}, "best_of"),
        ({"presence_penalty": 1.0}, "presence_penalty"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"prompt": [999_999]}, "no token 999999"),
        ({"prompt": "x " * 4000}, "context"),
        ({"suffix": "x", "prompt": [1, 2]}, "suffix"),
    ):
        with pytest.raises(openai.BadRequestError, match=name):
            client.completions.create(**{"model": "", "prompt": PROMPT, **asked})
    with pytest.raises(openai.BadRequestError, match="tools"):
        client.chat.completions.create(model="", messages=[{"role": "user", "content": "x"}], tools=[{"type": "x"}])  # pyright: ignore[reportCallIssue, reportArgumentType]


def test_what_watches_it(server: Running, client: openai.OpenAI, folder: Path) -> None:
    assert [entry.id for entry in client.models.list()] == [str(folder)]
    with urllib.request.urlopen(f"{server.url}/health") as answer:
        assert json.load(answer) == {"status": "ok"}
    with urllib.request.urlopen(f"{server.url}/metrics") as answer:
        said = answer.read().decode()
    found = re.search(r'seekline_requests_total\{end="length",endpoint="completions"\} (\d+)', said)
    assert found is not None
    assert int(found[1]) > 3
    assert str(folder) not in said
