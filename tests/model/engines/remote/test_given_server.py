"""Any other server that is there already, such as vLLM: named by the environment, and tried as the others are.

SEEKLINE_TEST_SERVER=http://127.0.0.1:8000/v1     its address
SEEKLINE_TEST_TOKENIZER=/folder/of/its/model      the tokenizer of its model
SEEKLINE_REMOTE_KEY=...                           the key that it wants, if any
"""

from __future__ import annotations

import os
import re
import urllib.request
from collections.abc import Iterator
from threading import Event
from time import monotonic, sleep

import pytest
from remote_engine import Asker, asker
from scripted_server import WAIT_S
from seekline import model

URL = os.environ.get("SEEKLINE_TEST_SERVER", "")
TOKENIZER = os.environ.get("SEEKLINE_TEST_TOKENIZER", "")
IDS = tuple(range(20, 60))
LONG = 1500

pytestmark = pytest.mark.skipif(not URL, reason="SEEKLINE_TEST_SERVER names no server")


@pytest.fixture
def asked() -> Iterator[Asker]:
    with asker(URL, tokenizer=TOKENIZER) as made:
        yield made


def running_requests() -> float:
    """Of vLLM, by its own count."""
    try:
        metrics = urllib.request.urlopen(URL.removesuffix("/v1") + "/metrics").read().decode()
    except OSError:
        metrics = ""
    found = re.findall(r"^vllm:num_requests_running\{.*\} ([0-9.]+)", metrics, re.MULTILINE)
    if not found:
        pytest.skip("the server does not say how many requests it computes")
    return sum(map(float, found))


def test_what_it_is(asked: Asker) -> None:
    info = asked.info()
    print(info.summary, info.limits)
    assert info.limits.context_tokens > len(IDS)
    assert info.limits.takes_ids == bool(TOKENIZER)


def test_it_streams_tokens_with_probabilities_and_counts(asked: Asker) -> None:
    pieces = asked.pieces(ids=IDS, max_new_tokens=8)
    assert len(pieces) > 2
    assert pieces[-1].end in ("end", "length")
    assert all(piece.log_probability is not None for piece in pieces[:-1])
    usage = pieces[-1].usage
    assert usage is not None
    if TOKENIZER:
        assert usage.prompt_tokens == len(IDS)


def test_the_same_prompt_has_the_same_completion(asked: Asker) -> None:
    assert asked.text(ids=IDS, max_new_tokens=8) == asked.text(ids=IDS, max_new_tokens=8)


@pytest.mark.parametrize("how", ["cancel", "leave"])
def test_who_leaves_has_nothing_computed(asked: Asker, how: str) -> None:
    before = running_requests()
    cancel = Event()
    pieces = asked.engine.stream(asked.request(ids=IDS, max_new_tokens=LONG), cancel)
    next(pieces)
    assert running_requests() == before + 1
    started = monotonic()
    if how == "cancel":
        cancel.set()
        with pytest.raises(model.Cancelled):
            for _ in pieces:
                pass
    else:
        pieces.close()
    while running_requests() > before:
        assert monotonic() - started < WAIT_S
        sleep(0.001)
    print(f"nothing is computed {1000 * (monotonic() - started):.0f} ms after the {how}")


def test_a_suffix_is_refused_by_vllm() -> None:
    running_requests()  # which only vLLM says
    with asker(URL, takes="suffix") as made:
        with pytest.raises(model.RemoteFailed, match="answers 400: suffix is") as raised:
            made.pieces(max_new_tokens=2)
        assert "remote_prompt" in raised.value.remedy


def test_a_wrong_key(monkeypatch: pytest.MonkeyPatch) -> None:
    if not os.environ.get("SEEKLINE_REMOTE_KEY"):
        pytest.skip("the server wants no key")
    monkeypatch.setenv("SEEKLINE_REMOTE_KEY", "wrong-key")
    with asker(URL) as made:
        with pytest.raises(model.RemoteFailed, match=r"answers 40[13]") as raised:
            made.info()
        assert "wrong-key" not in str(raised.value)
