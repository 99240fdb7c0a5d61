"""What a stream says piece by piece is what an answer says at once: of each choice, and how likely its tokens were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from chat_models import save_chat_model
from http_app import running, service_of

PROMPT = "def area(width, height):\n    return "
CHAT: Any = [{"role": "user", "content": "Add two numbers."}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_chat_model(tmp_path_factory.mktemp("llama") / "model")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[openai.OpenAI]:
    with (
        running(service_of(folder)) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client,
    ):
        yield client


def by_choice(events: Iterable[Any]) -> list[list[Any]]:
    """The parts of each choice."""
    parts: defaultdict[int, list[Any]] = defaultdict(list)
    for event in events:
        for choice in event.choices:
            parts[choice.index].append(choice)
    return [parts[index] for index in range(len(parts))]


@pytest.mark.parametrize("prompt", [PROMPT, [PROMPT, "import "]], ids=["one prompt", "two"])
def test_choices_of_completions(client: openai.OpenAI, prompt: Any) -> None:
    asked: Any = {"model": "", "prompt": prompt, "n": 2, "temperature": 2, "seed": 5, "max_tokens": 12, "logprobs": 1}
    whole: Any = client.completions.create(**asked)
    streamed = list(client.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    choices = by_choice(streamed)
    assert len(choices) == len(whole.choices) > 1
    for parts, choice in zip(choices, whole.choices, strict=True):
        assert "".join(part.text for part in parts) == choice.text
        assert [part.finish_reason for part in parts] == [None] * (len(parts) - 1) + [choice.finish_reason]
        for name in ("tokens", "token_logprobs", "top_logprobs", "text_offset"):
            told = [one for part in parts for one in getattr(part.logprobs, name)]
            assert told == getattr(choice.logprobs, name)
        assert len(choice.logprobs.tokens) == 12
    usage: Any = streamed[-1].usage
    assert usage.total_tokens == whole.usage.total_tokens


def test_choices_of_chats(client: openai.OpenAI) -> None:
    asked: Any = {"model": "", "messages": CHAT, "n": 2, "temperature": 2, "seed": 5, "max_tokens": 12}
    whole = client.chat.completions.create(**asked, logprobs=True)
    choices = by_choice(client.chat.completions.create(**asked, logprobs=True, stream=True))
    assert len(choices) == 2
    for parts, choice in zip(choices, whole.choices, strict=True):
        assert "".join(part.delta.content or "" for part in parts) == choice.message.content
        assert [part.delta.role for part in parts] == ["assistant"] + [None] * (len(parts) - 1)
        told = [token for part in parts for token in part.logprobs.content]
        assert told == choice.logprobs.content
        assert len(told) == 12
        assert all(token.logprob <= 0 for token in told)
        assert b"".join(map(bytes, (token.bytes for token in told))).decode(errors="replace") == choice.message.content
    assert client.chat.completions.create(**asked).choices[0].logprobs is None
