"""Prompts in a model's own form: read where they are well formed, and text everywhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seekline import fim
from seekline.server.http.errors import HttpError
from seekline.server.http.templated import Hole, hole_in

DEEPSEEK = fim.all_formats()["deepseek-coder"]
BOS, BEGIN, HOLE, END = "<｜begin▁of▁sentence｜>", "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"
CODE = st.text(max_size=30).filter(lambda text: not any(mark in text for mark in (BOS, BEGIN, HOLE, END)))


@given(CODE, CODE, st.booleans())
def test_a_hole_is_found(prefix: str, suffix: str, begins: bool) -> None:
    prompt = f"{BOS if begins else ''}{BEGIN}{prefix}{HOLE}{suffix}{END}"
    assert hole_in(prompt, DEEPSEEK) == Hole(prefix=prefix, suffix=suffix)


@given(st.lists(st.sampled_from([BOS, BEGIN, HOLE, END, "x = 1\n"]), max_size=8).map("".join))
def test_nothing_is_lost_or_taken_for_more(prompt: str) -> None:
    try:
        found = hole_in(prompt, DEEPSEEK)
    except HttpError:
        assert prompt.count(HOLE) > 1
        return
    if found is not None:
        assert prompt.removeprefix(BOS) == f"{BEGIN}{found.prefix}{HOLE}{found.suffix}{END}"
        assert HOLE not in found.prefix + found.suffix


@pytest.mark.parametrize(
    "prompt",
    [
        "<|fim_begin|>a<|fim_hole|>b<|fim_end|>",
        f"{BEGIN}a{HOLE}b",
        f"a{BEGIN}a{HOLE}b{END}",
        f"{BEGIN}a{END}",
        "<fim_prefix>a<fim_suffix>b<fim_middle>",
    ],
)
def test_others_stay_text(prompt: str) -> None:
    assert hole_in(prompt, DEEPSEEK) is None


def test_a_family_whose_suffix_comes_first() -> None:
    codestral = fim.all_formats()["codestral"]
    assert hole_in("[SUFFIX]b[PREFIX]a", codestral) == Hole(prefix="a", suffix="b")
    assert hole_in("<s>[SUFFIX][PREFIX]", codestral) == Hole(prefix="", suffix="")


def test_nobody_guesses_which_hole_is_meant() -> None:
    with pytest.raises(HttpError, match="stands in the prompt 2 times"):
        hole_in(f"{BEGIN}a{HOLE}b{HOLE}c{END}", DEEPSEEK)
