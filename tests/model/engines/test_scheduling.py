"""Whose turn it is: the policy, over requests that take made-up times."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st
from seekline.model.engines.scheduling import AHEAD_PATIENCE_S, PATIENCE_S, Claim, first_of


def claim(number: int = 0, *, is_ahead: bool = False, expected_s: float = 0.0, waited_s: float = 0.0) -> Claim:
    return Claim(number=number, is_ahead=is_ahead, expected_s=expected_s, waited_s=waited_s)


def first(*claims: Claim, favours_overdue: bool = True) -> int:
    return first_of(claims, favours_overdue=favours_overdue).number


def test_a_typed_character_goes_before_a_large_prompt_whichever_came_first() -> None:
    assert first(claim(1, expected_s=40), claim(2, expected_s=1)) == 2
    assert first(claim(1, expected_s=1), claim(2, expected_s=40)) == 1


def test_of_requests_that_are_alike_the_newest_goes_first() -> None:
    assert first(claim(1, expected_s=1), claim(3, expected_s=1), claim(2, expected_s=1)) == 3


def test_what_nobody_has_asked_for_comes_last() -> None:
    assert first(claim(1, expected_s=40), claim(2, is_ahead=True, expected_s=0.1)) == 1
    assert first(claim(1, expected_s=40), claim(2, is_ahead=True, waited_s=PATIENCE_S + 1)) == 1


def test_who_has_waited_too_long_takes_every_other_turn() -> None:
    typed = claim(2, expected_s=1)
    for late in (claim(1, expected_s=40, waited_s=PATIENCE_S + 1), claim(1, is_ahead=True, waited_s=99)):
        assert first(late, typed) == 1
        assert first(late, typed, favours_overdue=False) == 2


@dataclass(frozen=True)
class Asked:
    """When it comes, how many passes its prompt and its text take, and how long each is."""

    at_s: float
    prompt: int
    text: int
    is_ahead: bool = False
    pass_s: float = 0.5


def simulated(asked: list[Asked]) -> tuple[list[float], list[float]]:
    """When each is done, and the longest time that each has waited for a pass."""
    done, longest = [0.0] * len(asked), [0.0] * len(asked)
    passes, since_s = [0] * len(asked), [each.at_s for each in asked]
    now_s, favours_overdue = 0.0, True
    while not all(done):
        there = [n for n, each in enumerate(asked) if each.at_s <= now_s and not done[n]]
        if not there:
            now_s = min(each.at_s for n, each in enumerate(asked) if not done[n])
            continue
        claims = [
            claim(
                n,
                is_ahead=asked[n].is_ahead,
                expected_s=max(passes[n], asked[n].prompt) * asked[n].pass_s,
                waited_s=now_s - since_s[n],
            )
            for n in there
        ]
        chosen = first_of(claims, favours_overdue=favours_overdue)
        favours_overdue = not (favours_overdue and chosen.is_overdue)
        longest[chosen.number] = max(longest[chosen.number], chosen.waited_s)
        now_s += asked[chosen.number].pass_s
        passes[chosen.number] += 1
        since_s[chosen.number] = now_s
        if passes[chosen.number] == asked[chosen.number].prompt + asked[chosen.number].text:
            done[chosen.number] = now_s
    return done, longest


REQUESTS = st.builds(
    Asked, at_s=st.floats(0, 20), prompt=st.integers(1, 60), text=st.integers(0, 20), is_ahead=st.booleans()
)


@given(st.lists(REQUESTS, min_size=1, max_size=12))
def test_nobody_waits_for_ever(asked: list[Asked]) -> None:
    """Every other turn is for those who have waited too long, one after the other."""
    _, longest = simulated(asked)
    assert max(longest) <= AHEAD_PATIENCE_S + 2 * 0.5 * (len(asked) + 1)


@given(st.lists(REQUESTS, max_size=6), st.floats(0, 20))
def test_large_prompts_cost_a_typed_character_at_most_a_pass_for_each_of_its_own(
    others: list[Asked], at_s: float
) -> None:
    large = [replace(each, prompt=30 + each.prompt) for each in others]
    typed = Asked(at_s=at_s, prompt=2, text=8)
    done, _ = simulated([*large, typed])
    alone_s = (typed.prompt + typed.text) * typed.pass_s
    assert done[-1] - at_s <= 2 * alone_s + 2 * typed.pass_s


@given(REQUESTS, st.floats(0, 20))
def test_a_large_prompt_alone_costs_a_typed_character_one_pass(other: Asked, at_s: float) -> None:
    """And the one that is under way when it comes."""
    large = replace(other, prompt=60, at_s=0.0)
    typed = Asked(at_s=at_s, prompt=2, text=1)
    done, _ = simulated([large, typed])
    assert done[-1] - at_s <= 3 * typed.pass_s + 2 * typed.pass_s + 1e-6
