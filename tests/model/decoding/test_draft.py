"""Drafts are copies of earlier text, chosen as a look at every position would; their width is what pays."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import takewhile

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from seekline.model.decoding.draft import LONGEST_MATCH, PromptLookup, Width

BARRIER = 9
# Few different ids, so that there are many matches; short enough for every occurrence to be looked at.
texts = st.lists(st.sampled_from([1, 1, 1, 2, 2, 3, BARRIER]), max_size=14)
generated_texts = st.lists(st.sampled_from([1, 1, 2, 3]), max_size=8)


def look_at_every_position(
    before: list[int], after: list[int], earlier: list[list[int]], generated: list[int], width: int
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
    return list(takewhile(lambda id: id != BARRIER, text[position : position + width]))


@given(texts, texts, st.lists(texts, max_size=2), generated_texts, st.integers(1, 5))
def test_the_longest_match_wins(
    before: list[int], after: list[int], earlier: list[list[int]], generated: list[int], width: int
) -> None:
    lookup = PromptLookup(before, after=after, earlier=earlier, barriers=[BARRIER])
    for done in range(len(generated) + 1):
        wanted = look_at_every_position(before, after, earlier, generated[:done], width)
        assert lookup.propose(width) == wanted
        lookup.extend(generated[done : done + 1])


@given(texts, texts, generated_texts, st.integers(1, 5))
def test_a_draft_follows_an_earlier_occurrence(
    before: list[int], after: list[int], generated: list[int], width: int
) -> None:
    lookup = PromptLookup(before, after=after, barriers=[BARRIER])
    lookup.extend(generated)
    written = before + generated
    draft = lookup.propose(width)
    assume(draft)
    assert len(draft) <= width
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


def simulate(width: Width, chance: float, steps: int, seed: int = 0) -> list[int]:
    """The widths that are chosen while every token of a draft is right with this chance."""
    draw = random.Random(seed)
    chosen: list[int] = []
    for _ in range(steps):
        chosen.append(width.choose())
        width.accepted(chosen[-1], sum(1 for _ in takewhile(lambda _: draw.random() < chance, range(chosen[-1]))))
    return chosen


def tokens_per_ms(cost_ms: dict[int, float], chance: float, widths: Iterable[int]) -> float:
    widths = list(widths)
    tokens = sum(chance**n for width in widths for n in range(width + 1))
    return tokens / sum(cost_ms[width] for width in widths)


@pytest.mark.parametrize("cost_ms", [{0: 10, 1: 11, 2: 12, 4: 14, 8: 20}, {0: 10, 1: 18, 4: 19, 8: 36}])
@pytest.mark.parametrize("chance", [0.02, 0.3, 0.5, 0.7, 0.97])
def test_the_width_that_pays_is_found(cost_ms: dict[int, float], chance: float) -> None:
    chosen = simulate(Width(cost_ms), chance, 1500)[200:]
    best = max(tokens_per_ms(cost_ms, chance, [width]) for width in cost_ms)
    assert tokens_per_ms(cost_ms, chance, chosen) > 0.93 * best


def test_drafts_that_never_pay_are_tried_rarely_and_come_back() -> None:
    width = Width({0: 10, 1: 15, 4: 20}, memory_drafts=8, probe_steps=9)
    off = simulate(width, 0.0, 200)[50:]
    assert 10 <= sum(one > 0 for one in off) <= 15
    on = simulate(width, 1.0, 500)[400:]
    assert set(on) == {4}


def test_a_measured_cost_changes_the_choice() -> None:
    width = Width({0: 10, 4: 11})
    assert simulate(width, 0.5, 50)[-1] == 4
    for _ in range(200):
        width.took(4, 40)
        width.took(3, 1)
    assert simulate(width, 0.5, 20)[-1] == 0


def test_a_device_without_drafts_has_none() -> None:
    assert set(simulate(Width({0: 10}), 1.0, 200)) == {0}


@given(st.lists(st.integers(0, 4), max_size=50))
def test_chances_are_chances(accepted: list[int]) -> None:
    width = Width({0: 1, 4: 2})
    for one in accepted:
        width.accepted(4, one)
    assert all(0 < chance < 1 for chance in width.chances())


@pytest.mark.parametrize("cost_ms", [{}, {1: 10}, {0: 0}, {0: 10, -1: 5}])
def test_costs_that_make_no_sense(cost_ms: dict[int, float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        Width(cost_ms)
    with pytest.raises(ValueError, match="cannot be accepted"):
        Width({0: 1, 1: 1}).accepted(1, 2)


def test_what_it_costs_to_start_is_spread_over_the_tokens_to_come() -> None:
    width = Width({0: 10, 4: 11})
    assert width.choose(start_ms=100, tokens=100) == 4
    assert width.choose(start_ms=100, tokens=5) == 0
