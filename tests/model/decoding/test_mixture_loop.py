"""The decode loop with a mixture, against a slow loop without drafts or cache."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any, cast

import pytest
import torch
from counting_backend import VOCABULARY, CountingBackend, expected
from drafts import FixedCosts
from seekline import model
from seekline.model.decoding.guide import Guide
from seekline.model.decoding.prompt_lookup import PromptLookup
from seekline.model.decoding.sampling import Sampling
from seekline.model.decoding.scores import TokenScores
from seekline.model.decoding.vocabulary_index import VocabularyIndex

if TYPE_CHECKING:
    from seekline.model.decoding.copying.mixture import Mixture

PROMPT = [1, 2, 3, 1, 2, 3, 1, 2]
TOKENS = [bytes([48 + n]) for n in range(VOCABULARY)]
INDEX = VocabularyIndex(TOKENS)


class CopyingMixture:
    """Copies the prompt where the text so far has an even length, and lets the model choose elsewhere."""

    def mix(
        self, logits: torch.Tensor, written: bytes, tokens: int, allowed: torch.Tensor | None = None
    ) -> torch.Tensor:
        assert len(written) == tokens
        mixed = logits.clone()
        if tokens % 2 == 0:
            mixed[PROMPT[(sum(written) + tokens) % len(PROMPT)]] += 2
        if allowed is not None:
            forbidden = torch.ones(len(mixed), dtype=torch.bool)
            forbidden[allowed] = False
            mixed[forbidden] = -torch.inf
        return mixed.log_softmax(-1)

    def bytes_of(self, id: int) -> bytes:
        return TOKENS[id]


def engine() -> model.EngineCore[Any]:
    return model.EngineCore(CountingBackend(), chunk_tokens=4, draft_length=FixedCosts({0: 1.0, 4: 1.1}))


def run(**options: Any) -> list[int]:
    return list(engine().generate(PROMPT, max_new_tokens=20, cancel=Event(), **options))


def slow() -> list[int]:
    """Each token from scratch."""
    tokens: list[int] = []
    mixture = CopyingMixture()
    while len(tokens) < 20:
        logits = CountingBackend().forward([*PROMPT, *tokens], _kv(), Event())[0]
        tokens.append(int(mixture.mix(logits, b"".join(TOKENS[t] for t in tokens), len(tokens)).argmax()))
    return tokens


def _kv() -> Any:
    return CountingBackend().new_kv(100)


def test_without_a_mixture_the_model_chooses() -> None:
    assert run(mixture=None, search=None) == expected(PROMPT, 20)


def test_greedy_is_what_a_slow_loop_chooses() -> None:
    assert run(mixture=CopyingMixture()) == slow() != expected(PROMPT, 20)


def test_drafts_change_nothing() -> None:
    earlier = [[*PROMPT[-2:], *slow()]]
    used = engine()
    mixture = cast("Mixture", CopyingMixture())
    lookup = PromptLookup(PROMPT, earlier=earlier)
    for _ in range(2):
        assert list(used.generate(PROMPT, max_new_tokens=20, cancel=Event(), mixture=mixture, lookup=lookup)) == slow()
        lookup = PromptLookup(PROMPT, earlier=earlier)
    assert used.statistics.accepted > 0


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_guide_is_obeyed(temperature: float) -> None:
    guide = Guide(must_start=b"42", names=frozenset([b"56", b"57"])).start(INDEX)
    sampling = Sampling(temperature=temperature, seed=1)
    text = b"".join(TOKENS[t] for t in run(mixture=CopyingMixture(), guide=guide, sampling=sampling))
    assert text.startswith((b"4256", b"4257"))


def test_sampling_is_the_same_with_the_same_seed() -> None:
    def sampled(seed: int) -> list[int]:
        return run(mixture=CopyingMixture(), sampling=Sampling(temperature=1.0, seed=seed))

    assert sampled(1) == sampled(1)
    assert len({tuple(sampled(seed)) for seed in range(5)}) > 1


def test_log_probabilities_are_those_of_the_mixture() -> None:
    scores = TokenScores()
    stop = slow()[3]
    tokens = run(mixture=CopyingMixture(), scores=scores, stop_ids={stop})
    assert tokens == slow()[: slow().index(stop)]
    assert len(scores.log_probabilities) == len(tokens) + 1  # the stop token's too
    assert all(score <= 0 for score in scores.log_probabilities)
