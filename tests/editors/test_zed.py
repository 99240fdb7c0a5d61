"""What Zed sends for an edit prediction, with the settings of editors/http/zed.json, and how it reads the answer.
Zed itself does not run without a display: this is written down from its crate `edit_prediction`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from urllib.parse import urlsplit

import msgspec
import pytest
from headless_neovim import ROOT
from seekline_http import seekline_http

CONFIGURATION = ROOT / "editors" / "http" / "zed.json"
PORT = "8012"  # in the configuration
ABOVE = "def add(first, second):\n    return first + second\n\n\ndef multiply(first, second):\n    return f"
BELOW = "\n\n\nprint(multiply(2, 3))\n"
# Of a release that names the control tokens of its template alone, and of those before it, which named everyone's.
OWN_STOPS = ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>")
ALL_STOPS = (
    *("<|endoftext|>", "<|file_separator|>", "<|fim_pad|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"),
    *("<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<PRE>", "<SUF>", "<MID>", "[PREFIX]", "[SUFFIX]"),
)


class Choice(msgspec.Struct):
    text: str
    finish_reason: str | None


class Usage(msgspec.Struct):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Answer(msgspec.Struct):
    """What Zed's decoder must find: nothing may be missing or null."""

    id: str
    object: str
    created: int
    model: str
    choices: list[Choice]
    usage: Usage


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with seekline_http() as port:
        yield port


def predict(port: int, prefix: str, suffix: str, stop: Sequence[str] = OWN_STOPS) -> Answer:
    """One request as Zed makes it."""
    settings = json.loads(CONFIGURATION.read_text("utf-8").replace(PORT, str(port)))["edit_predictions"]
    own = settings["open_ai_compatible_api"]
    assert (settings["provider"], own["prompt_format"]) == ("open_ai_compatible_api", "deepseek_coder")
    body = {
        "model": own["model"],
        "prompt": f"<｜fim▁begin｜>{prefix}<｜fim▁hole｜>{suffix}<｜fim▁end｜>",
        "max_tokens": own["max_output_tokens"],
        "stop": stop,
    }
    return post(own["api_url"], json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def post(url: str, body: bytes) -> Answer:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=120)
    connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    assert answer.status == 200, said
    return msgspec.json.decode(said, type=Answer)


def untemplated(port: int, prefix: str, suffix: str) -> str:
    """The completion of the same place, asked for in OpenAI's own way."""
    body = {"model": "seekline", "prompt": prefix, "suffix": suffix, "max_tokens": 64, "temperature": 0}
    return post(f"http://127.0.0.1:{port}/v1/completions", json.dumps(body).encode()).choices[0].text


@pytest.mark.parametrize("stop", [OWN_STOPS, ALL_STOPS], ids=["new", "old"])
def test_the_hole_of_zeds_template_is_filled(server: int, stop: Sequence[str]) -> None:
    answer = predict(server, ABOVE, BELOW, stop)
    [choice] = answer.choices
    assert choice.text.strip()
    assert choice.text == untemplated(server, ABOVE, BELOW)
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.completion_tokens <= 64


@pytest.mark.parametrize(("prefix", "suffix"), [("", ""), (ABOVE, ""), ("", BELOW), ("x = '\U0001f40d' + ", "\r\n")])
def test_wherever_the_cursor_is(server: int, prefix: str, suffix: str) -> None:
    assert len(predict(server, prefix, suffix).choices) == 1


def test_a_templates_words_in_the_users_file_stay_text(server: int) -> None:
    """A file about templates. Only a second hole cannot be told from the first: then nothing is shown."""
    for word in ("<｜fim▁begin｜>", "<｜fim▁end｜>", "<｜end▁of▁sentence｜>"):
        assert len(predict(server, f'WORD = "{word}"\n\n{ABOVE}', BELOW).choices) == 1
    with pytest.raises(AssertionError, match="stands in the prompt 2 times"):
        predict(server, 'HOLE = "<｜fim▁hole｜>"\n\n' + ABOVE, BELOW)
