"""What is decided where a server chooses tokens and a guide refuses some: with a server that is a table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Generator
from threading import Event
from typing import cast

import pytest
from seekline import model
from seekline.model.decoding.scores import LikelyToken
from seekline.model.engines.llama_cpp.client import Asked, LlamaClient, Step
from seekline.model.engines.llama_cpp.decoding import decide

TOKENS = [b"a", b"b", b"ab", b"abc", b"\xc3", b"\xa4", b""]
ODDS = [0.4, 0.3, 0.15, 0.05, 0.06, 0.03, 0.01]
INDEX = model.VocabularyIndex(TOKENS, end_ids=[6])


class TableClient:
    """Chooses by the same odds at each place. `chosen`: what it takes one after the other, where that is said.
    `told`: how many of the likeliest it tells of. Counts what it is asked."""

    def __init__(self, chosen: list[int] | None = None, *, told: int = len(TOKENS)) -> None:
        self.chosen = chosen
        self.told = told
        self.prompts: list[list[int]] = []
        self.asked_for: list[frozenset[int]] = []

    def steps(
        self, asked: Asked, *, max_new_tokens: int, sampling: model.Sampling, candidates: int, cancel: Event
    ) -> Generator[Step, None, None]:
        self.prompts.append(list(asked.ids))
        skipped = 0
        for position in range(max_new_tokens):
            id = self.chosen.pop(0) if self.chosen else 0
            if TOKENS[id] == b"\xc3":  # which ends within a character
                skipped += 1
                continue
            yield Step(
                token=candidate(id),
                candidates=tuple(candidate(id) for id in by_odds()[: min(candidates, self.told)]),
                text="",
                skipped_tokens=skipped,
                reused_tokens=position,
            )
            skipped = 0
            if id == 6:
                return

    def best_of(self, asked: Asked, allowed: Collection[int], *, most: int, cancel: Event) -> list[LikelyToken]:
        self.asked_for.append(frozenset(allowed))
        return [candidate(id) for id in by_odds() if id in allowed][:most]


def candidate(id: int) -> LikelyToken:
    return LikelyToken(id=id, log_probability=math.log(ODDS[id]))


def by_odds() -> list[int]:
    return sorted(range(len(ODDS)), key=lambda id: -ODDS[id])


def decided(
    client: TableClient, guide: model.Guide | None = None, count: int = 3, sampling: model.Sampling = model.GREEDY
) -> list[int]:
    request = model.CompletionRequest(
        ids=(9,), max_new_tokens=count, stop_ids=frozenset([6]), guide=guide, sampling=sampling
    )
    state = None if guide is None else guide.start(INDEX)
    asked = Asked(ids=request.ids, slot=0)
    return [each.id for each in decide(cast(LlamaClient, client), asked, request, state, Event())]


def test_without_a_guide_it_is_asked_once() -> None:
    client = TableClient([1, 0, 2])
    assert decided(client) == [1, 0, 2]
    assert client.prompts == [[9]]


def test_what_the_guide_allows_anyway_costs_nothing() -> None:
    client = TableClient([2, 1, 0])
    assert decided(client, model.Guide(must_start=b"ab")) == [2, 1, 0]
    assert client.prompts == [[9]]


def test_the_likeliest_allowed_token_instead() -> None:
    client = TableClient([1, 0, 0])
    assert decided(client, model.Guide(must_start=b"ab")) == [0, 1, 0]
    # Twice refused: `b` at first, then `a` behind `a`; each time it goes on behind what was taken instead.
    assert client.prompts == [[9], [9, 0], [9, 0, 1]]
    assert client.asked_for == []


def test_where_no_allowed_token_is_told_of() -> None:
    client = TableClient([0, 0], told=2)
    assert decided(client, model.Guide(must_start="ä".encode())) == [4, 5, 0]
    assert client.asked_for == [frozenset([4]), frozenset([5])]


def test_a_token_that_is_not_told() -> None:
    client = TableClient([4, 5, 0])
    assert decided(client, model.Guide(must_start="ä".encode())) == [4, 5, 0]


def test_names_end_a_text_only_where_they_are_whole() -> None:
    # Neither before nor within the name, nor does the name go on.
    assert decided(TableClient([6, 6, 0]), model.Guide(names=frozenset([b"ab"]))) == [0, 1, 6]
    assert decided(TableClient([2, 6]), model.Guide(names=frozenset([b"ab"]))) == [2, 6]


def test_the_stop_token_comes_last() -> None:
    assert decided(TableClient([0, 6, 0])) == [0, 6]


def test_odds_are_those_among_the_allowed() -> None:
    request = model.CompletionRequest(ids=(9,), max_new_tokens=1)
    state = model.Guide(must_start=b"b").start(INDEX)
    (only,) = decide(cast(LlamaClient, TableClient([0])), Asked(ids=(9,), slot=0), request, state, Event())
    assert only.log_probability == pytest.approx(0.0)
    state = model.Guide(must_start=b"ab").start(INDEX)
    (first,) = decide(cast(LlamaClient, TableClient([0])), Asked(ids=(9,), slot=0), request, state, Event())
    assert first.log_probability == pytest.approx(math.log(0.4 / (0.4 + 0.15 + 0.05)))


def test_random_tokens_come_as_often_as_if_no_others_existed() -> None:
    """`a`, `ab` and `abc` are allowed; the server draws from all, here each as often as its odds say."""
    guide = model.Guide(must_start=b"ab")
    counts: Counter[int] = Counter()
    drawn = [id for id, odds in enumerate(ODDS) for _ in range(round(1000 * odds)) if id != 4]
    for seed, id in enumerate(drawn):
        sampling = model.Sampling(temperature=1.0, seed=seed)
        counts[decided(TableClient([id]), guide, 1, sampling)[0]] += 1
    total = sum(counts.values())
    assert set(counts) == {0, 2, 3}
    for id in counts:
        assert counts[id] / total == pytest.approx(ODDS[id] / 0.6, abs=0.04)


def test_no_more_than_was_asked_for() -> None:
    assert decided(TableClient(), model.Guide(must_start=b"ababab"), 2) == [0, 1]
    assert decided(TableClient(), count=0) == []
