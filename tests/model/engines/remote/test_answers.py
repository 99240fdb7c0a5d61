"""Answers of servers: those that are well made, piece by piece, and any others, which raise what can be told."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from seekline import model
from seekline.model.engines.http.failures import HttpFailure
from seekline.model.engines.remote.answers import Answer

NAMES = ["choices", "text", "finish_reason", "logprobs", "content", "token_logprobs", "id", "logprob", "usage"]
NAMES += ["prompt_tokens", "prompt_tokens_details", "cached_tokens", "error", "message"]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("length")
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)
CHOICES = st.fixed_dictionaries({"choices": st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES), max_size=2)})
ENDS = ["<|fim_middle|>", "</s>"]


def answer() -> Answer:
    return Answer(ENDS, None, lambda text: text)


@given(st.lists(VALUES | CHOICES, max_size=4))
def test_whatever_a_server_sends_is_text_or_a_failure(events: list[Any]) -> None:
    made = answer()
    try:
        for event in events:
            for piece in made.feed(json.dumps(event)):
                check(piece)
    except HttpFailure:
        return
    check(made.finish())


def check(piece: model.Piece) -> None:
    piece.text.encode()
    assert piece.log_probability is None or piece.log_probability <= 0
    assert piece.usage is None or piece.usage.prompt_tokens >= 0


@given(st.text(alphabet="ab<|>/sfim_middle"), st.lists(st.integers(min_value=0, max_value=60), max_size=6).map(sorted))
def test_a_text_is_the_same_however_it_comes(text: str, cuts: list[int]) -> None:
    places = [text.find(end) for end in ENDS if end in text]
    expected = text[: min(places)] if places else text
    made, found = answer(), ""
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        for piece in made.feed(json.dumps({"choices": [{"text": text[start:end]}]})):
            found += piece.text
    assert found + made.finish().text == expected
    assert made.is_over == bool(places)


def test_several_tokens_at_once_are_as_many_pieces() -> None:
    logprobs = {"tokens": ["a", "b"], "token_logprobs": [-0.5, None]}
    assert answer().feed(json.dumps({"choices": [{"text": "ab", "logprobs": logprobs}]})) == [
        model.Piece(text="ab", log_probability=-0.5)
    ]
    content = {"content": [{"id": 7, "logprob": -0.5}, {"id": 8, "logprob": -1.0}]}
    assert answer().feed(json.dumps({"choices": [{"text": "ab", "logprobs": content}]})) == [
        model.Piece(text="ab", ids=(7,), log_probability=-0.5),
        model.Piece(text="", ids=(8,), log_probability=-1.0),
    ]


def test_the_score_of_what_ends_it_is_that_of_the_last_piece() -> None:
    made = answer()
    event = {"choices": [{"text": "", "finish_reason": "stop", "logprobs": {"token_logprobs": [-0.25]}}]}
    assert made.feed(json.dumps(event)) == []
    assert made.finish() == model.Piece(text="", log_probability=-0.25, end="end")
