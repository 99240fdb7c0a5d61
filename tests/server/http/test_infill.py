"""`/infill` as llama.cpp's clients ask it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from http_app import WAIT_S, Running, running, service_of
from llama_server import llama_server
from seekline import model
from tiny_models import save_llama

HOLE = {"input_prefix": "def area(width, height):\n", "prompt": "    return wid", "input_suffix": "\n\narea(1, 2)\n"}


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(service_of(model.embedded_folder())) as server:
        yield server


def ask(server: Running, **body: Any) -> Any:
    answer = httpx2.post(f"{server.url}/infill", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_line_goes_on_where_it_stands(server: Running) -> None:
    assert ask(server, **HOLE)["content"].startswith("th")


def test_other_files_are_seen(server: Running) -> None:
    extra = [{"filename": "shapes.py", "text": "def circumference_of(width):\n    return 4 * width\n", "time": [1, 2]}]
    asked = {"input_prefix": "import shapes\n\n", "prompt": "x = circum", "input_suffix": "\n"}
    assert ask(server, **asked, input_extra=extra)["content"].startswith("ference_of")
    assert not ask(server, **asked)["content"].startswith("ference_of")


def test_the_fields_that_a_client_wants(server: Running) -> None:
    found = ask(server, **HOLE, response_fields=["content", "timings/prompt_n", "nothing/such"])
    assert list(found) == ["content", "timings/prompt_n"]
    assert ask(server, **HOLE, response_fields=[""]) == {}


def test_it_says_which_string_it_stopped_at(server: Running) -> None:
    whole = ask(server, **HOLE, n_predict=6)
    assert (whole["stop_type"], whole["stopping_word"]) in (("limit", ""), ("eos", ""))
    stopped = ask(server, **HOLE, n_predict=6, stop=["never to come", "h"])
    assert (stopped["content"], stopped["stop_type"], stopped["stopping_word"]) == ("t", "word", "h")


def test_what_a_client_may_say_of_sampling(server: Running) -> None:
    assert ask(server, **HOLE, n_predict=3, stop="y" * 40)["content"]
    assert ask(server, **HOLE, n_predict=3, stop=None)["content"]
    for seed in (2**70, -(2**63) - 5):
        body = {**HOLE, "seed": seed, "temperature": 1.0}
        assert httpx2.post(f"{server.url}/infill", json=body, timeout=WAIT_S).status_code == 400


def test_warming_writes_nothing(server: Running) -> None:
    assert ask(server, n_predict=0, input_extra=[{"text": "x = 1\n"}])["content"] == ""
    assert ask(server, n_predict=0)["content"] == ""


def test_a_body_is_json_whatever_it_is_called(server: Running) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain"):
        answer = httpx2.post(
            f"{server.url}/infill", content=json.dumps(HOLE), headers={"content-type": kind}, timeout=60
        )
        assert answer.json()["content"].startswith("th")


def test_unknown_fields_are_ignored(server: Running) -> None:
    assert ask(server, **HOLE, id_slot=0, samplers=["top_k"], cache_prompt=True, t_max_prompt_ms=500, model="any")


def test_it_has_the_form_of_llama_cpps(server: Running, tmp_path: Path) -> None:
    """All that its server says of an answer and a client reads is there, of the same kind."""
    gguf_models = pytest.importorskip("gguf_models")
    gguf = gguf_models.save_llama_gguf(save_llama(tmp_path / "model"), tmp_path / "tiny.gguf")
    with llama_server(gguf) as other:
        asked = {"prompt": "x = ", "n_predict": 4}
        theirs = httpx2.post(f"{other.address}/completion", json=asked, timeout=60).json()
    ours = ask(server, **HOLE)
    for name in ("content", "stop", "tokens_predicted", "tokens_evaluated", "tokens_cached", "truncated", "stop_type"):
        assert type(ours[name]) is type(theirs[name]), name
    assert "n_ctx" in ours["generation_settings"]
    for name in ("prompt_n", "prompt_ms", "prompt_per_second", "predicted_n", "predicted_ms", "predicted_per_second"):
        assert isinstance(ours["timings"][name], (int, float))
        assert isinstance(theirs["timings"][name], (int, float))


def test_tokens(server: Running) -> None:
    text = "def area(width):\n    return width # é\n"
    found = httpx2.post(f"{server.url}/tokenize", json={"content": text, "with_pieces": True}, timeout=WAIT_S).json()[
        "tokens"
    ]
    ids = httpx2.post(f"{server.url}/tokenize", json={"content": text}, timeout=WAIT_S).json()["tokens"]
    assert [one["id"] for one in found] == ids
    assert httpx2.post(f"{server.url}/detokenize", json={"tokens": ids}, timeout=WAIT_S).json() == {"content": text}
    wrong = httpx2.post(f"{server.url}/detokenize", json={"tokens": [10**9]}, timeout=WAIT_S)
    assert wrong.status_code == 400
