"""Samples: their parts are their text again, holes lie where they should, and what follows from the seed alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from seekline.learn.middles import ContextWindow, draw_middle
from seekline.learn.recipe import Mix
from seekline.learn.samples import Sample, Target, fill_in, make_sample
from seekline.learn.vocabulary import BEGIN, CONTROL_TOKENS, END, FIM_BEGIN, FIM_END, FIM_HOLE
from seekline.model import Tokenizer

ODD = "naïve = '日本語 🎉'\n\n\tπ = 3\n" * 30
ALL_LEFT_TO_RIGHT = Mix(left_to_right_share=1.0)


@pytest.fixture(scope="module")
def tokenizer(vocabulary: Path) -> Tokenizer:
    return Tokenizer(vocabulary)


def seeded(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def parts(sample: Sample, tokenizer: Tokenizer) -> tuple[bytes, bytes, bytes]:
    """Prefix, suffix and middle of a sample with a hole; checks the order of its control tokens."""
    begin, fim_begin, hole, fim_end, end = map(tokenizer.control_id, (BEGIN, FIM_BEGIN, FIM_HOLE, FIM_END, END))
    ids = list(sample.ids)
    control = [id for id in ids if id in tokenizer.control_ids]
    assert control == [begin, fim_begin, hole, fim_end, end]
    assert ids[:2] == [begin, fim_begin]
    assert ids[-1] == end
    first, second = ids.index(hole), ids.index(fim_end)
    spans = (ids[2:first], ids[first + 1 : second], ids[second + 1 : -1])
    prefix, suffix, middle = (b"".join(map(tokenizer.bytes_of, span)) for span in spans)
    return prefix, suffix, middle


def test_the_control_tokens_come_first(tokenizer: Tokenizer) -> None:
    assert [tokenizer.control_id(token) for token in CONTROL_TOKENS] == [0, 1, 2, 3, 4, 5]


def test_a_newline_is_a_token_of_its_own(tokenizer: Tokenizer, texts: list[str]) -> None:
    (newline,) = tokenizer.encode_text("\n")
    ids = tokenizer.encode_text(texts[0])
    assert tokenizer.decode(ids) == texts[0]
    assert all(id == newline for id in ids if b"\n" in tokenizer.bytes_of(id))


@pytest.mark.parametrize("size_tokens", [65, 200, 700])
def test_the_parts_of_a_sample_are_its_text(tokenizer: Tokenizer, texts: list[str], size_tokens: int) -> None:
    for seed in range(120):
        text = [*texts, ODD, "x = 1\n"][seed % (len(texts) + 2)]
        sample = fill_in(text, size_tokens, seeded(seed), tokenizer.encode_text, Mix())
        prefix, suffix, middle = parts(sample, tokenizer)
        assert prefix + middle + suffix in text.encode()
        assert len(sample.ids) <= size_tokens


def test_every_token_has_its_kind(tokenizer: Tokenizer, texts: list[str]) -> None:
    for seed in range(60):
        sample = fill_in(texts[0], 300, seeded(seed), tokenizer.encode_text, Mix())
        by_kind = {kind: [id for id, k in zip(sample.ids, sample.targets, strict=True) if k is kind] for kind in Target}
        assert by_kind[Target.NONE] == [0, 2, 3, 4]
        assert len(by_kind[Target.FIRST]) == 1
        assert sample.targets[sample.ids.index(4) + 1] is Target.FIRST
        assert sample.ids[-1] == tokenizer.control_id(END)
        assert sample.targets[-1] in (Target.END, Target.FIRST)


def test_left_to_right_samples_are_text(tokenizer: Tokenizer, texts: list[str]) -> None:
    for seed in range(60):
        sample = make_sample(texts[1], 200, seeded(seed), tokenizer.encode_text, ALL_LEFT_TO_RIGHT)
        ids = list(sample.ids[1:])
        if ids[-1] == tokenizer.control_id(END):
            assert texts[1].endswith(tokenizer.decode(ids[:-1]))
        assert tokenizer.decode(ids) in texts[1]
        assert sample.ids[0] == tokenizer.control_id(BEGIN)
        assert len(sample.ids) == len(sample.targets) <= 200


def test_some_suffixes_are_empty(tokenizer: Tokenizer, texts: list[str]) -> None:
    samples = [fill_in(texts[2], 200, seeded(seed), tokenizer.encode_text, Mix()) for seed in range(300)]
    empty = sum(not parts(sample, tokenizer)[1] for sample in samples)
    assert 0.1 < empty / len(samples) < 0.4


def test_a_middle_that_reaches_is_shown_somewhere(texts: list[str]) -> None:
    """What a reaching middle asks for stands in the suffix, or far back, and not near."""
    mix = Mix(
        middle_line=0, middle_lines=0, middle_statement=0, middle_span=0, middle_reaching=1, left_to_right_share=0
    )
    window = ContextWindow(prefix_characters=2000, suffix_characters=400)
    ahead = 0
    for seed in range(100):
        text = texts[seed % len(texts)]
        middle = draw_middle(text, seeded(seed), mix, window)
        if not middle.needs_suffix:
            continue
        ahead += 1
        start = middle.start
        while text[start - 1].isalnum() or text[start - 1] == "_":
            start -= 1
        name = text[start : middle.end].split("\n")[0]
        name = next(name[:n] for n in range(len(name), 0, -1) if name[:n].isidentifier())
        assert name in text[middle.end : middle.end + window.suffix_characters]
        assert f" {name} " not in text[start - 200 : start]
    assert ahead > 25


def test_a_sample_follows_from_its_seed(tokenizer: Tokenizer, texts: list[str]) -> None:
    one, same, other = (make_sample(texts[3], 200, seeded(seed), tokenizer.encode_text, Mix()) for seed in (1, 1, 2))
    assert one == same != other
