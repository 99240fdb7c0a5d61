"""Drafts are copies of earlier text, chosen as a look at every position would; their length is what pays."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import takewhile

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from seekline.model.decoding.draft_length import DraftLength
from seekline.model.decoding.prompt_lookup import LONGEST_MATCH, PromptLookup

BARRIER = 9
# Few different ids, so that there are many matches; short enough for every occurrence to be looked at.
texts = st.lists(st.sampled_from([1, 1, 1, 2, 2, 3, BARRIER]), max_size=14)
generated_texts = st.lists(st.sampled_from([1, 1, 2, 3]), max_size=8)


def look_at_every_position(
    before: list[int], after: list[int], earlier: list[list[int]], generated: list[int], length: int
) -> list[int]:
    """The definition: of all positions, most preferred first, the one with the longest match."""
    written = before + generated

    def backwards(text: list[int], end: int) -> list[int]:
        return list(takewhile(lambda id: id != BARRIER, reversed(text[:end])))

    def match_length(text: list[int], position: int) -> int:
        pairs = zip(backwards(text, position), backwards(written, len(written)), strict=False)
        return min(LONGEST_MATCH, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs)))

    positions = [(written, n) for n in reversed(range(len(before), len(written)))]
    positions += [(text, n) for text in reversed(earlier) for n in reversed(range(len(text)))]
    positions += [(after, n) for n in range(len(after))]
    positions += [(written, n) for n in reversed(range(len(before)))]
    found = [(text, n) for text, n in positions if match_length(text, n) >= 2 and text[n] != BARRIER]
    if not found:
        return []
    text, position = max(found, key=lambda one: match_length(*one))
    return list(takewhile(lambda id: id != BARRIER, text[position : position + length]))


@given(texts, texts, st.lists(texts, max_size=2), generated_texts, st.integers(1, 5))
def test_the_longest_match_wins(
    before: list[int], after: list[int], earlier: list[list[int]], generated: list[int], length: int
) -> None:
    lookup = PromptLookup(before, after=after, earlier=earlier, barriers=[BARRIER])
    for done in range(len(generated) + 1):
        wanted = look_at_every_position(before, after, earlier, generated[:done], length)
        assert lookup.propose(length) == wanted
        lookup.extend(generated[done : done + 1])


@given(texts, texts, generated_texts, st.integers(1, 5))
def test_a_draft_follows_an_earlier_occurrence(
    before: list[int], after: list[int], generated: list[int], length: int
) -> None:
    lookup = PromptLookup(before, after=after, barriers=[BARRIER])
    lookup.extend(generated)
    written = before + generated
    draft = lookup.propose(length)
    assume(draft)
    assert len(draft) <= length
    assert BARRIER not in draft
    copied = written[-2:] + draft
    places = [(text, n) for text in (written, after) for n in range(len(text))]
    assert any(text[n : n + len(copied)] == copied for text, n in places)


@given(texts, generated_texts)
def test_incremental_equals_rebuilt(before: list[int], generated: list[int]) -> None:
    one_by_one = PromptLookup(before, barriers=[BARRIER])
    for id in generated:
        one_by_one.extend([id])
    at_once = PromptLookup(before, barriers=[BARRIER])
    at_once.extend(generated)
    rebuilt = PromptLookup(before + generated, barriers=[BARRIER])
    assert one_by_one.propose(5) == at_once.propose(5) == rebuilt.propose(5)


def test_what_is_preferred() -> None:
    before = [1, 2, 30, 1, 2, 31, 40, 1, 2]
    assert PromptLookup(before).propose(1) == [31]
    assert PromptLookup(before, after=[1, 2, 32, 1, 2, 33]).propose(1) == [32]
    assert PromptLookup(before, after=[1, 2, 32], earlier=[[1, 2, 34], [1, 2, 35]]).propose(1) == [35]
    assert PromptLookup(before, after=[0, 40, 1, 2, 32], earlier=[[1, 2, 35]]).propose(1) == [32]
    lookup = PromptLookup(before, earlier=[[1, 2, 35]])
    lookup.extend([36, 1, 2])
    assert lookup.propose(3) == [36, 1, 2]


def test_nothing_is_known_of_a_new_text() -> None:
    assert PromptLookup([]).propose(4) == []
    assert PromptLookup([1], after=[1, 2, 3]).propose(4) == []
    assert PromptLookup([1, 2], earlier=[[1, 2]]).propose(4) == []


def simulate(draft_length: DraftLength, chance: float, steps: int, seed: int = 0) -> list[int]:
    """The lengths that are chosen while every token of a draft is right with this chance."""
    draw = random.Random(seed)
    chosen: list[int] = []
    for _ in range(steps):
        chosen.append(draft_length.choose())
        draft_length.accepted(
            chosen[-1], sum(1 for _ in takewhile(lambda _: draw.random() < chance, range(chosen[-1])))
        )
    return chosen


def tokens_per_ms(cost_ms: dict[int, float], chance: float, lengths: Iterable[int]) -> float:
    lengths = list(lengths)
    tokens = sum(chance**n for length in lengths for n in range(length + 1))
    return tokens / sum(cost_ms[length] for length in lengths)


@pytest.mark.parametrize("cost_ms", [{0: 10, 1: 11, 2: 12, 4: 14, 8: 20}, {0: 10, 1: 18, 4: 19, 8: 36}])
@pytest.mark.parametrize("chance", [0.02, 0.3, 0.5, 0.7, 0.97])
def test_the_width_that_pays_is_found(cost_ms: dict[int, float], chance: float) -> None:
    chosen = simulate(DraftLength(cost_ms), chance, 1500)[200:]
    best = max(tokens_per_ms(cost_ms, chance, [length]) for length in cost_ms)
    assert tokens_per_ms(cost_ms, chance, chosen) > 0.93 * best


def test_drafts_that_never_pay_are_tried_rarely_and_come_back() -> None:
    length = DraftLength({0: 10, 1: 15, 4: 20}, memory_drafts=8, probe_steps=9)
    off = simulate(length, 0.0, 200)[50:]
    assert 10 <= sum(one > 0 for one in off) <= 15
    on = simulate(length, 1.0, 500)[400:]
    assert set(on) == {4}


def test_a_measured_cost_changes_the_choice() -> None:
    length = DraftLength({0: 10, 4: 11})
    assert simulate(length, 0.5, 50)[-1] == 4
    for _ in range(200):
        length.took(4, 40)
        length.took(3, 1)
    assert simulate(length, 0.5, 20)[-1] == 0


def test_a_device_without_drafts_has_none() -> None:
    assert set(simulate(DraftLength({0: 10}), 1.0, 200)) == {0}


@given(st.lists(st.integers(0, 4), max_size=50))
def test_chances_are_chances(accepted: list[int]) -> None:
    length = DraftLength({0: 1, 4: 2})
    for one in accepted:
        length.accepted(4, one)
    assert all(0 < chance < 1 for chance in length.chances())


@pytest.mark.parametrize("cost_ms", [{}, {1: 10}, {0: 0}, {0: 10, -1: 5}])
def test_costs_that_make_no_sense(cost_ms: dict[int, float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        DraftLength(cost_ms)
    with pytest.raises(ValueError, match="cannot be accepted"):
        DraftLength({0: 1, 1: 1}).accepted(1, 2)


def test_what_it_costs_to_start_is_spread_over_the_tokens_to_come() -> None:
    length = DraftLength({0: 10, 4: 11})
    assert length.choose(start_ms=100, tokens=100) == 4
    assert length.choose(start_ms=100, tokens=5) == 0
