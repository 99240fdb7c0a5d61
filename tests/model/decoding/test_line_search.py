"""The search for the likeliest line against a look at every line, over a made-up model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from threading import Event
from time import monotonic

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from seekline import model
from seekline.model.decoding.line_search import BestLine
from seekline.model.decoding.request import Pause, Request
from seekline.model.decoding.sampling import LineSearch
from seekline.model.decoding.scores import TokenScores

LETTERS = [b"a", b"b", b"c", b"\n"]
END = 4
MOST_TOKENS = 4


@dataclass
class MadeUpModel:
    """Its logits depend on the tokens so far; it notes each pass, and checks that what is kept is right. As on some
    devices, a pass overwrites what the one before it returned."""

    seed: int
    kept: list[int] = field(default_factory=list)
    passes: int = 0
    rows: torch.Tensor = field(default_factory=lambda: torch.empty(MOST_TOKENS, 5))

    def logits(self, tokens: tuple[int, ...]) -> torch.Tensor:
        generator = torch.Generator().manual_seed(hash((self.seed, tokens)) % (1 << 31))
        return torch.randn(5, generator=generator) * 2

    def step(self, tokens: list[int]) -> torch.Tensor:
        self.passes += 1
        self.kept += tokens
        assert len(self.kept) < MOST_TOKENS
        ends = range(len(self.kept) - len(tokens) + 1, len(self.kept) + 1)
        for row, end in enumerate(ends):
            self.rows[row] = self.logits(tuple(self.kept[:end]))
        return self.rows[: len(tokens)]

    def keep(self, count: int) -> None:
        assert count <= len(self.kept)
        del self.kept[count:]


class Unmixed:
    """A mixture without copies, which drafts nevertheless: of each text what `draft` says that follows."""

    def __init__(self, draft: Callable[[bytes], list[int]] = lambda _: []) -> None:
        self._draft = draft

    def drafts(self) -> Unmixed:
        return self

    def propose_behind(self, written: bytes, most: int) -> list[int]:
        return self._draft(written)[:most]

    def mix(
        self, logits: torch.Tensor, written: bytes, tokens: int, allowed: torch.Tensor | None = None
    ) -> torch.Tensor:
        assert b"\n" not in written
        return logits.log_softmax(-1)

    def bytes_of(self, id: int) -> bytes:
        return LETTERS[id] if id < END else b""


def request_of(most: int = MOST_TOKENS, deadline_s: float | None = None) -> Request:
    return Request(
        max_new_tokens=most,
        cancel=Event(),
        stop_ids=frozenset([END]),
        scores=TokenScores(),
        deadline_s=deadline_s,
    )


def noted(request: Request) -> list[float]:
    assert request.scores is not None
    return request.scores.log_probabilities


def search(made_up: MadeUpModel, request: Request, *, mixture: Unmixed | None = None, **settings: float) -> list[int]:
    best = BestLine(request, LineSearch(**settings), mixture or Unmixed())  # type: ignore[arg-type]
    found = best.tokens(made_up.logits(())[None], made_up.step, made_up.keep)
    return [step for step in found if not isinstance(step, Pause)]


def every_line(made_up: MadeUpModel) -> dict[tuple[int, ...], float]:
    """The logarithm of the probability of each whole line, by a look at all."""
    lines: dict[tuple[int, ...], float] = {}
    for length in range(1, MOST_TOKENS + 1):
        for tokens in product(range(5), repeat=length):
            is_whole = tokens[-1] >= 3 or length == MOST_TOKENS
            if is_whole and all(token < 3 for token in tokens[:-1]):
                steps = [made_up.logits(tokens[:n]).log_softmax(-1)[token] for n, token in enumerate(tokens)]
                lines[tokens] = float(sum(steps))
    return lines


@given(st.integers(0, 10_000))
def test_the_likeliest_line_is_found(seed: int) -> None:
    made_up = MadeUpModel(seed)
    lines = every_line(made_up)
    best = max(lines, key=lambda tokens: lines[tokens])
    request = request_of()
    assert search(made_up, request, further_passes=1000) == [token for token in best if token != END]
    assert sum(noted(request)) == pytest.approx(lines[best], abs=1e-4)


@given(st.integers(0, 10_000), st.integers(1, 9))
def test_the_likeliest_tokens_at_each_place_of_it(seed: int, alternatives: int) -> None:
    made_up = MadeUpModel(seed)
    request = request_of()
    assert request.scores is not None
    request.scores.alternatives = alternatives
    tokens = search(made_up, request, further_passes=1000)
    assert len(request.scores.likeliest) == len(noted(request))
    for place, likeliest in enumerate(request.scores.likeliest):
        odds, ids = made_up.logits(tuple(tokens[:place])).log_softmax(-1).sort(descending=True)
        assert [one.id for one in likeliest] == ids[:alternatives].tolist()
        assert [one.log_probability for one in likeliest] == pytest.approx(odds[:alternatives].tolist(), abs=1e-5)


@given(st.integers(0, 10_000), st.floats(0.01, 0.9))
def test_no_line_is_less_likely_than_asked(seed: int, least: float) -> None:
    made_up = MadeUpModel(seed)
    lines = every_line(made_up)
    request = request_of()
    search(made_up, request, further_passes=1000, least_probability=least)
    assert bool(noted(request)) == (max(lines.values()) >= math.log(least))
    unbounded = MadeUpModel(seed)
    search(unbounded, request_of(), further_passes=1000)
    assert made_up.passes <= unbounded.passes


def test_no_pass_is_made_where_nothing_is_likely_enough() -> None:
    made_up = MadeUpModel(1)
    assert search(made_up, request_of(), least_probability=0.999) == []
    assert made_up.passes == 0


@given(st.integers(0, 10_000), st.integers(0, 5))
def test_further_passes_are_counted(seed: int, further: int) -> None:
    made_up = MadeUpModel(seed)
    request = request_of()
    search(made_up, request, further_passes=further)
    assert made_up.passes <= MOST_TOKENS - 1 + further
    assert noted(request)


@given(st.integers(0, 10_000), st.integers(0, 9), st.lists(st.integers(0, 3), max_size=9))
def test_drafts_change_no_line(seed: int, further: int, draft: list[int]) -> None:
    plain, drafting = MadeUpModel(seed), MadeUpModel(seed)
    one, other = request_of(), request_of()
    wanted = search(plain, one, further_passes=further)
    assert search(drafting, other, mixture=Unmixed(lambda _: draft), further_passes=further) == wanted
    assert noted(other) == noted(one)
    assert drafting.passes <= plain.passes


def test_a_dive_that_was_drafted_takes_one_pass() -> None:
    passes = set[int]()
    for seed in range(20):
        plain, drafting = MadeUpModel(seed), MadeUpModel(seed)

        def likeliest(written: bytes, made_up: MadeUpModel = drafting) -> list[int]:
            tokens = [LETTERS.index(bytes([letter])) for letter in written]
            while len(tokens) < MOST_TOKENS and int(made_up.logits(tuple(tokens)).argmax()) < 3:
                tokens.append(int(made_up.logits(tuple(tokens)).argmax()))
            return tokens[len(written) :]

        wanted = search(plain, request_of(), further_passes=0)
        assert search(drafting, request_of(), mixture=Unmixed(likeliest), further_passes=0) == wanted
        assert drafting.passes == min(plain.passes, 1)
        passes.add(plain.passes)
    assert max(passes) == MOST_TOKENS - 1


def test_a_line_has_no_more_tokens_than_asked() -> None:
    for seed in range(50):
        assert len(search(MadeUpModel(seed), request_of(most=2))) <= 2
        assert len(search(MadeUpModel(seed), request_of(most=1))) <= 1


def test_at_the_deadline_it_ends() -> None:
    made_up = MadeUpModel(3)
    search(made_up, request_of(deadline_s=monotonic() - 1))
    assert made_up.passes == 0


def test_cancelled_it_ends() -> None:
    def step(tokens: list[int]) -> torch.Tensor:
        raise model.Cancelled

    best = BestLine(request_of(), LineSearch(), Unmixed())  # type: ignore[arg-type]
    for seed in range(20):
        made_up = MadeUpModel(seed)
        if made_up.logits(()).argmax() < 3:
            with pytest.raises(model.Cancelled):
                list(best.tokens(made_up.logits(())[None], step, made_up.keep))
            return
    pytest.fail("no made-up model begins a line")
