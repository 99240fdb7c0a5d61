"""With its slots, chunks, drafts, guides and cancels, the engine writes what transformers writes from scratch."""

from __future__ import annotations

import random
from contextlib import suppress
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from cancel_after import CancelAfter
from drafts import FixedCosts, NothingCopied
from seekline import model
from tiny_models import load, save_llama, save_v2_lite, with_noise
from transformers import AutoModelForCausalLM, PreTrainedModel

NEW_TOKENS = 6
EDITS = 3
DOCUMENTS = "abc"
CHEAP_DRAFTS = {0: 1.0, 1: 1.1, 3: 1.2, 7: 1.3}


@torch.inference_mode()
def from_scratch(reference: PreTrainedModel, ids: list[int]) -> list[int]:
    """transformers' own greedy generation, without anything kept; up to the token that ends a text."""
    inputs = torch.tensor([ids])
    output: Any = reference.generate(  # pyright: ignore[reportCallIssue]
        inputs, attention_mask=torch.ones_like(inputs), max_new_tokens=NEW_TOKENS, do_sample=False, pad_token_id=1
    )
    written = output[0, len(ids) :].tolist()
    return written[: written.index(1)] if 1 in written else written


@torch.inference_mode()
def guided_from_scratch(reference: PreTrainedModel, ids: list[int], guide: model.GuideState) -> list[int]:
    """Greedy among the tokens that the guide allows, by a mask over all logits."""
    written: list[int] = []
    while len(written) < NEW_TOKENS:
        logits = reference(input_ids=torch.tensor([ids + written])).logits[0, -1]
        if (allowed := guide.allowed_ids()) is not None:
            mask = torch.full_like(logits, -torch.inf)
            mask[torch.from_numpy(allowed)] = 0
            logits = logits + mask
        token = int(logits.argmax())
        if token == 1:
            break
        written.append(token)
        guide = guide.advance(token)
    return written


def edited(ids: list[int], chance: random.Random) -> list[int]:
    """`ids` after an edit: tokens typed, deleted, replaced or appended somewhere."""
    at = chance.randrange(len(ids))
    end = min(len(ids), at + chance.choice([0, 0, 1, 3, 40]))
    new = [chance.randrange(6, 4096) for _ in range(chance.choice([0, 1, 1, 2, 90]))]
    return (ids[:at] + new + ids[end:])[:300] or [chance.randrange(6, 4096)]


class Checked:
    """An engine with room for two documents' KV, and what transformers says of the same model."""

    def __init__(self, folder: Path, draft: Path | None = None) -> None:
        loaded = load(folder)
        backend = loaded.engine._backend
        limit_bytes = 2 * 512 * backend.kv_bytes_per_token
        self.engine = model.EngineCore(
            backend,
            chunk_tokens=64,
            kv_limit_bytes=limit_bytes,
            draft_length=FixedCosts(CHEAP_DRAFTS),
            draft_model=model.DraftModel(
                load(draft).engine._backend,
                chunk_tokens=32,
                kv_limit_bytes=limit_bytes,
                draft_length=FixedCosts(CHEAP_DRAFTS, probe_steps=0),
                prompt_ms=0,
            )
            if draft
            else None,
        )
        self.reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.index = model.VocabularyIndex.of(loaded.tokenizer)
        torch.set_num_threads(1)

    def sequence(self, seed: int) -> None:
        """Edits of several documents, some of whose requests are cancelled on the way or left half read."""
        chance = random.Random(seed)
        ids = [chance.randrange(6, 4096) for _ in range(chance.randrange(1, 200))]
        for _ in range(EDITS):
            ids = edited(ids, chance)
            self.request(ids, chance)
        self.check(ids, chance)

    def request(self, ids: list[int], chance: random.Random) -> None:
        key, what = chance.choice(DOCUMENTS), chance.random()
        lookup = NothingCopied(ids) if chance.random() < 0.5 else None
        if what < 0.4:
            cancel = CancelAfter(chance.randrange(30))
            with suppress(model.Cancelled):
                list(self.engine.generate(ids, max_new_tokens=NEW_TOKENS, cancel=cancel, key=key, lookup=lookup))
        elif what < 0.5:
            self.engine.warm(ids, cancel=Event(), key=key)
        elif what < 0.6:
            tokens = self.engine.generate(ids, max_new_tokens=NEW_TOKENS, cancel=Event(), key=key, lookup=lookup)
            list(islice(tokens, chance.randrange(1, NEW_TOKENS)))
        elif what < 0.7:
            self.check_guided(ids, chance)
        else:
            self.check(ids, chance)

    def check(self, ids: list[int], chance: random.Random) -> None:
        wanted = from_scratch(self.reference, ids)
        assert self.written(ids, wanted, chance) == wanted

    def check_guided(self, ids: list[int], chance: random.Random) -> None:
        spelled = b"".join(map(self.index.bytes_of, (chance.randrange(300, 4096) for _ in range(2))))
        guide = model.Guide(must_start=spelled[: chance.randrange(1, len(spelled) + 1)]).start(self.index)
        wanted = guided_from_scratch(self.reference, ids, guide)
        assert self.written(ids, wanted, chance, guide=guide) == wanted

    def written(
        self, ids: list[int], wanted: list[int], chance: random.Random, *, guide: model.GuideState | None = None
    ) -> list[int]:
        """What the engine writes, with drafts that are right up to some place, and then wrong."""
        right = [*wanted[: chance.randrange(NEW_TOKENS + 1)], chance.randrange(6, 4096)]
        copies = model.PromptLookup(ids, earlier=[[*ids[-3:], *right]])
        lookup = chance.choice([copies, copies, NothingCopied(ids), None])
        return list(
            self.engine.generate(
                ids,
                max_new_tokens=NEW_TOKENS,
                cancel=Event(),
                stop_ids={1},
                key=chance.choice(DOCUMENTS),
                guide=guide,
                lookup=lookup,
            )
        )


@pytest.mark.usefixtures("each_forward")
@pytest.mark.parametrize(
    ("heads", "kv_heads", "sequences"), [(4, 4, 120), (4, 2, 90), (4, 1, 90)], ids=["mha", "gqa", "mqa"]
)
def test_llama(tmp_path: Path, heads: int, kv_heads: int, sequences: int) -> None:
    checked = Checked(save_llama(tmp_path, num_attention_heads=heads, num_key_value_heads=kv_heads))
    for seed in range(sequences):
        checked.sequence(seed)
    statistics = checked.engine.statistics
    assert statistics.accepted > sequences, "drafts were tried, and some were right"
    assert statistics.accepted < statistics.drafted, "and some were wrong"
    assert statistics.reused > statistics.computed / 4, "KV was reused"


@pytest.mark.parametrize(
    ("noise", "least_right", "most_right"), [(0, 0.85, 1), (0.02, 0.3, 0.9), (1, 0, 0.2)], ids=["same", "like", "other"]
)
def test_drafts_of_a_model(tmp_path: Path, noise: float, least_right: float, most_right: float) -> None:
    """Whatever the small model says, the text stays that of the large one."""
    folder = save_llama(tmp_path / "large", num_key_value_heads=2)
    checked = Checked(folder, draft=with_noise(folder, tmp_path / "small", noise))
    for seed in range(40):
        checked.sequence(seed)
    drafts = checked.engine._draft_sources.model
    assert drafts is not None
    right = drafts.draft_length.chances()[0]
    assert least_right < right < most_right, "it was asked often, and as often right as it is like the large one"


def test_v2_lite(tmp_path: Path) -> None:
    checked = Checked(save_v2_lite(tmp_path))
    for seed in range(20):
        checked.sequence(seed)


@pytest.mark.usefixtures("each_forward")
def test_tied_and_untied_heads_plain_and_scaled_positions(tmp_path: Path) -> None:
    plain = {"rope_type": "default", "rope_theta": 10_000.0}
    shapes: list[dict[str, Any]] = [{"tie_word_embeddings": True}, {"rope_parameters": plain}, {"head_dim": 32}]
    for number, shape in enumerate(shapes):
        checked = Checked(save_llama(tmp_path / str(number), **shape))
        for seed in range(5):
            checked.sequence(seed)
