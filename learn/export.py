"""From a checkpoint to the folder that is shipped: weights, configuration and tokenizer, as transformers has them."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import GenerationConfig

from .files import written_whole
from .packed_llama import build_model
from .recipe import ModelSize
from .vocabulary import copy_vocabulary

_NEW_TOKENS = 48


def export(checkpoint: Path, vocabulary: Path, folder: Path, shape: ModelSize) -> None:
    """Writes the model in bfloat16 into `folder`, in place of what lay there."""
    model = build_model(shape, seed=0)
    model.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["model"])
    model.generation_config = GenerationConfig(
        bos_token_id=model.config.bos_token_id,
        eos_token_id=model.config.eos_token_id,
        pad_token_id=model.config.pad_token_id,
        do_sample=False,
        max_new_tokens=_NEW_TOKENS,
    )
    with written_whole(folder) as draft:
        model.bfloat16().save_pretrained(draft)
        copy_vocabulary(vocabulary, draft)
