"""Drafts by the copy model: what stood behind the same text elsewhere, and never another text than without drafts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Event
from typing import Any

import numpy
import pytest
import torch
from counting_backend import CountedKeyValues, CountingBackend
from drafts import FixedCosts
from hypothesis import given, settings
from hypothesis import strategies as st
from seekline import model
from seekline.model.decoding.copying.copy_drafts import CopyDrafts, backoff
from seekline.model.decoding.copying.copy_texts import CopyTexts
from seekline.model.decoding.copying.mixture import Mixer, Mixture
from seekline.model.decoding.copying.mixture_weights import MixtureWeights
from seekline.model.decoding.copying.native import MOST_TOKENS, ORDERS, SOURCES, Candidates
from seekline.model.decoding.guide import Guide
from seekline.model.decoding.sampling import GREEDY, Sampling
from seekline.model.decoding.scores import TokenScores
from seekline.model.decoding.vocabulary_index import VocabularyIndex
from seekline.model.engines import in_process
from seekline.model.loading.mixture_file import read_mixture

TOKENIZER = model.Tokenizer(model.embedded_folder())
LINES = "total = price(amount, currency)\nreturn total\n"
PROMPT = [1, 2, 3]
NEW_TOKENS = 20

code = st.lists(st.sampled_from(["a", "b ", "(", "call", "(a, b)", "\n", "    ", "= ", "é"]), max_size=30).map("".join)


class Undecided(CountingBackend):
    """Its tokens depend on all before them, and a mixture outvotes it."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self._vocabulary = vocabulary

    def forward(self, ids: Sequence[int], kv: CountedKeyValues, cancel: Event, *, logits: int = 1) -> torch.Tensor:
        found = super().forward(ids, kv, cancel, logits=logits)
        return torch.nn.functional.pad(found, (0, self._vocabulary - found.shape[1]))


@pytest.fixture(scope="module")
def mixer() -> Mixer:
    weights = read_mixture(model.embedded_folder() / "mixture.safetensors")
    return Mixer(weights, TOKENIZER, VocabularyIndex.of(TOKENIZER))


def engine(mixer: Mixer) -> model.EngineCore[Any]:
    backend = Undecided(len(mixer.model.facts))
    return model.EngineCore(backend, chunk_tokens=4, draft_length=FixedCosts({0: 1.0, 5: 1.1}))


def spelled(mixture: Mixture, ids: list[int]) -> str:
    return b"".join(map(mixture.bytes_of, ids)).decode()


def drafted(mixer: Mixer, texts: CopyTexts, *, written: str = "", most: int = 20) -> str:
    mixture = mixer.start(texts)
    drafts = mixture.drafts()
    drafts.extend(TOKENIZER.encode_text(written))
    return spelled(mixture, drafts.propose(most))


@pytest.mark.parametrize("place", ["before", "after", "other file"])
def test_what_stood_behind_the_same_text_is_drafted(mixer: Mixer, place: str) -> None:
    texts = {
        "before": CopyTexts(before=2 * LINES + "total = price("),
        "after": CopyTexts(before="total = price(", after="\n" + 2 * LINES),
        "other file": CopyTexts(before="total = price(", others=(LINES, LINES)),
    }
    assert drafted(mixer, texts[place]).startswith("amount, currency)\n")


def test_what_was_written_goes_on(mixer: Mixer) -> None:
    texts = CopyTexts(before=2 * LINES + "total = ")
    assert drafted(mixer, texts, written="price(amount,").startswith(" currency)\n")


def test_no_draft_is_longer_than_asked(mixer: Mixer) -> None:
    whole = TOKENIZER.encode_text("amount, currency)\n")
    for most in range(len(whole)):
        mixture = mixer.start(CopyTexts(before=2 * LINES + "total = price("))
        assert mixture.drafts().propose(most) == whole[:most]


def test_where_nothing_is_likely_nothing_is_drafted(mixer: Mixer) -> None:
    assert drafted(mixer, CopyTexts(before="")) == ""
    different = "".join(f"call({word})\n" for word in "abcdefghijklmnopqrstuvwxyz")
    assert drafted(mixer, CopyTexts(before=different + "call(")) == ""


def by_definition(weights: MixtureWeights, found: Candidates) -> list[float]:
    """From the shortest context to the longest, each with what the shorter ones say."""
    counts = numpy.ctypeslib.as_array(found.counts).reshape(MOST_TOKENS, ORDERS, SOURCES)[: found.count]
    probabilities = numpy.zeros(found.count)
    for order in range(ORDERS):
        own = counts[:, order] @ weights.weight[order]
        if own.sum() > 0:
            kinds = max(numpy.count_nonzero(counts[:, order, source]) for source in range(SOURCES))
            shorter = weights.constant[order] + weights.per_kind[order] * kinds
            probabilities = (own + shorter * probabilities) / (own.sum() + shorter)
    return probabilities.tolist()


@given(code, code, code)
def test_probabilities_are_those_of_backoff(mixer: Mixer, before: str, after: str, other: str) -> None:
    mixture = mixer.start(CopyTexts(before=before, after=after, others=(other,)))
    found = mixture._copies.find(b"")
    probabilities = backoff(mixer.model.weights, found)
    assert probabilities.tolist() == pytest.approx(by_definition(mixer.model.weights, found), rel=1e-4)
    assert probabilities.sum() <= 1.0001


@settings(max_examples=40)
@given(code, code, code, st.integers(0, 4), st.booleans())
def test_drafts_change_no_text(mixer: Mixer, before: str, after: str, other: str, healed: int, samples: bool) -> None:
    must = before[len(before) - healed :].rpartition("\n")[2].encode()
    texts = CopyTexts(before=before, after=after, others=(other,))

    def written(with_drafts: bool) -> tuple[list[int], list[float]]:
        mixture = mixer.start(texts, must)
        scores = TokenScores()
        tokens = engine(mixer).generate(
            PROMPT,
            max_new_tokens=NEW_TOKENS,
            cancel=Event(),
            sampling=Sampling(temperature=1.0, seed=1) if samples else GREEDY,
            guide=Guide(must_start=must).start(mixer.vocabulary) if must else None,
            mixture=mixture,
            lookup=mixture.drafts() if with_drafts else None,
            scores=scores,
        )
        return list(tokens), scores.log_probabilities

    assert written(True) == written(False)


def test_what_is_copied_takes_few_passes(mixer: Mixer) -> None:
    used = engine(mixer)
    mixture = mixer.start(CopyTexts(before="total = price(", others=(LINES, LINES)))
    newline = frozenset(TOKENIZER.encode_text("\n"))
    tokens = used.generate(
        PROMPT,
        max_new_tokens=NEW_TOKENS,
        cancel=Event(),
        mixture=mixture,
        stop_ids=newline,
        lookup=mixture.drafts(),
    )
    assert spelled(mixture, list(tokens)) == "amount, currency)"
    assert used.statistics.accepted > len(TOKENIZER.encode_text("amount, currency)")) // 2


def test_under_a_mixture_drafts_are_copies(mixer: Mixer) -> None:
    request = model.CompletionRequest(max_new_tokens=1, lookup=model.LookupText(before=(1, 2, 3)))
    mixture = mixer.start(CopyTexts(before=""))
    assert isinstance(in_process._drafts_of(request, mixture), CopyDrafts)
    assert isinstance(in_process._drafts_of(request, None), model.PromptLookup)
    assert in_process._drafts_of(replace(request, lookup=None), mixture) is None
