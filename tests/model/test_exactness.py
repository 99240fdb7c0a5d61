"""With its cache, its chunks and its cancels, the engine writes what transformers writes from scratch."""

from __future__ import annotations

import random
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from seekline import model
from tiny_models import load, save_llama, save_v2_lite
from transformers import AutoModelForCausalLM, PreTrainedModel

NEW_TOKENS = 6
EDITS = 3


@torch.inference_mode()
def from_scratch(reference: PreTrainedModel, ids: list[int]) -> list[int]:
    """transformers' own greedy generation, without anything kept."""
    inputs = torch.tensor([ids])
    output: Any = reference.generate(  # pyright: ignore[reportCallIssue]
        inputs, attention_mask=torch.ones_like(inputs), max_new_tokens=NEW_TOKENS, do_sample=False, pad_token_id=1
    )
    return output[0, len(ids) :].tolist()


def edited(ids: list[int], chance: random.Random) -> list[int]:
    """`ids` after an edit: tokens typed, deleted, replaced or appended somewhere."""
    at = chance.randrange(len(ids))
    end = min(len(ids), at + chance.choice([0, 0, 1, 3, 40]))
    new = [chance.randrange(6, 4096) for _ in range(chance.choice([0, 1, 1, 2, 90]))]
    return (ids[:at] + new + ids[end:])[:300] or [chance.randrange(6, 4096)]


class CancelAfter(Event):
    """Is set once it has been looked at `looks` times."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._looks = looks

    def is_set(self) -> bool:
        self._looks -= 1
        return self._looks < 0


def check_sequence(engine: model.Engine, reference: PreTrainedModel, seed: int) -> None:
    """A sequence of edits, some of whose requests are cancelled on the way or left half read."""
    chance = random.Random(seed)
    ids = [chance.randrange(6, 4096) for _ in range(chance.randrange(1, 200))]
    for _ in range(EDITS):
        ids = edited(ids, chance)
        if chance.random() < 0.5:
            with pytest.raises(model.Cancelled):
                for _ in engine.generate(ids, max_new_tokens=NEW_TOKENS, cancel=CancelAfter(chance.randrange(9))):
                    pass
        elif chance.random() < 0.3:
            next(engine.generate(ids, max_new_tokens=NEW_TOKENS, cancel=Event()))
        else:
            check_prompt(engine, reference, ids)
    check_prompt(engine, reference, ids)


def check_prompt(engine: model.Engine, reference: PreTrainedModel, ids: list[int]) -> None:
    written = list(engine.generate(ids, max_new_tokens=NEW_TOKENS, cancel=Event(), stop_ids={1}))
    wanted = from_scratch(reference, ids)
    assert written == (wanted[: wanted.index(1)] if 1 in wanted else wanted)


@pytest.mark.parametrize(
    ("heads", "kv_heads", "sequences"), [(4, 4, 100), (4, 2, 60), (4, 1, 60)], ids=["mha", "gqa", "mqa"]
)
def test_llama(tmp_path: Path, heads: int, kv_heads: int, sequences: int) -> None:
    folder = save_llama(tmp_path, num_attention_heads=heads, num_key_value_heads=kv_heads)
    check_model(folder, sequences)


def test_v2_lite(tmp_path: Path) -> None:
    check_model(save_v2_lite(tmp_path), 20)


def check_model(folder: Path, sequences: int) -> None:
    engine = load(folder).engine
    reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    torch.set_num_threads(1)
    for seed in range(sequences):
        check_sequence(engine, reference, seed)
