"""The model in training: transformers' own Llama, run on packed rows, so that what was trained is saved as it is.

Knows nothing of texts, and nothing of time.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

from .recipe import HEAD_SIZE, LossWeights, ModelSize
from .samples import Target
from .vocabulary import BEGIN, CONTROL_TOKENS, END

_ROPE_THETA = 10_000.0


def build_model(shape: ModelSize, seed: int) -> LlamaForCausalLM:
    """A model with random weights, float32. Attention and feed-forward layers begin by adding nothing."""
    heads = shape.hidden // HEAD_SIZE
    end = CONTROL_TOKENS.index(END)
    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=HEAD_SIZE,
        max_position_embeddings=shape.row_tokens,
        rope_parameters={"rope_theta": _ROPE_THETA, "rope_type": "default"},
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        bos_token_id=CONTROL_TOKENS.index(BEGIN),
        eos_token_id=end,
        pad_token_id=end,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                parameter.zero_()
    return model


def document_mask(documents: Tensor) -> Tensor:
    """Which token sees which: those of its own sample up to itself.

    `documents`: (rows, tokens), the number of each token's sample. Returns bool (rows, 1, tokens, tokens), True where
    the token of the last but one dimension sees that of the last.
    """
    tokens = documents.shape[1]
    earlier = torch.ones(tokens, tokens, dtype=torch.bool, device=documents.device).tril()
    same = documents[:, :, None] == documents[:, None, :]
    return (same & earlier)[:, None]


def logits_of(model: torch.nn.Module, inputs: Tensor, documents: Tensor, positions: Tensor) -> Tensor:
    """(rows, tokens, vocabulary) for packed rows, each argument (rows, tokens)."""
    return model(
        input_ids=inputs, attention_mask=document_mask(documents), position_ids=positions, use_cache=False
    ).logits


def kind_weights(weights: LossWeights, device: str) -> Tensor:
    """(kinds,): what a target counts in the loss, by `Target`."""
    by_kind = {
        Target.NONE: 0.0,
        Target.TEXT: weights.text,
        Target.SUFFIX: weights.suffix,
        Target.MIDDLE: weights.middle,
        Target.FIRST: weights.first,
        Target.END: weights.end,
    }
    return torch.tensor([by_kind[kind] for kind in Target], device=device)


def weighted_loss(logits: Tensor, labels: Tensor, kinds: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The weighted mean loss in nats, and per kind of target (kinds, 3): sum of losses, right guesses, number."""
    losses = functional.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), reduction="none")
    kinds = kinds.flatten()
    weight = weights[kinds]
    loss = (losses * weight).sum() / weight.sum()
    right = logits.detach().flatten(0, 1).argmax(-1) == labels.flatten()
    each = torch.stack([losses.detach(), right.float(), torch.ones_like(losses)], dim=1)
    return loss, torch.zeros(len(weights), 3, device=logits.device).index_add_(0, kinds, each)
