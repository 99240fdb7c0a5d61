"""What will be found of a model of the catalogue once it is here, in any of its formats."""

from __future__ import annotations

from pathlib import Path

from ..backends.llama.llama_config import parse_llama_config
from .catalogue import Entry
from .checkpoint import Checkpoint
from .published import WeightsFormat

_LLAMA_NAMES = {
    "layers": "num_hidden_layers",
    "hidden": "hidden_size",
    "heads": "num_attention_heads",
    "kv_heads": "num_key_value_heads",
    "intermediate": "intermediate_size",
    "vocabulary": "vocab_size",
}
"""What catalogue.toml calls a Llama's sizes, and what config.json does."""


def expected_checkpoint(
    entry: Entry, weights_format: WeightsFormat = "safetensors", stored_bytes: int | None = None
) -> Checkpoint:
    """What `inspect` will find of a model of the catalogue once it is here in a format. `stored_bytes`: of weights that
    are quantized."""
    config = {}
    if entry.llama is not None:
        config = {_LLAMA_NAMES[name]: size for name, size in entry.llama.items()} | {"model_type": "llama"}
    return Checkpoint(
        path=Path(entry.name),
        weights_format=weights_format,
        stored_bytes=stored_bytes,
        model_type=entry.architecture,
        parameters=entry.parameters,
        context_tokens=entry.context_tokens,
        kv_bytes_per_token=entry.kv_bytes_per_token,
        vocabulary=None,
        has_own_code=entry.own_code,
        llama=parse_llama_config(config, name=entry.name),
    )
