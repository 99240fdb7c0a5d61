"""What is told of tokens that were chosen, against torch's own log_softmax."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from seekline.model.decoding.scores import TokenScores

VOCABULARY = 9


def logits_of(seed: int) -> torch.Tensor:
    return 3 * torch.randn(VOCABULARY, generator=torch.Generator().manual_seed(seed))


@given(st.integers(0, 1000), st.sets(st.integers(0, VOCABULARY - 1), min_size=1), st.booleans(), st.integers(0, 12))
def test_the_chosen_token_and_the_likeliest(seed: int, ids: set[int], is_guided: bool, alternatives: int) -> None:
    logits = logits_of(seed)
    among = sorted(ids) if is_guided else list(range(VOCABULARY))
    odds = dict(zip(among, logits[among].log_softmax(-1).tolist(), strict=True))
    chosen = among[seed % len(among)]
    scores = TokenScores(alternatives=alternatives)
    scores.note(logits, chosen, torch.tensor(among) if is_guided else None)
    assert scores.log_probabilities == pytest.approx([odds[chosen]], abs=1e-5)
    if not alternatives:
        assert scores.likeliest == []
        return
    [likeliest] = scores.likeliest
    assert [one.id for one in likeliest] == sorted(odds, key=lambda id: -odds[id])[:alternatives]
    assert [one.log_probability for one in likeliest] == pytest.approx([odds[one.id] for one in likeliest], abs=1e-5)


def test_what_cannot_come_is_no_alternative() -> None:
    logits = logits_of(1)
    logits[[0, 2, 3, 4, 5, 7, 8]] = float("-inf")
    scores = TokenScores(alternatives=5)
    scores.note(logits, 6)
    assert {one.id for one in scores.likeliest[0]} == {1, 6}
