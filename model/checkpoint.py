"""What lies in a model's folder, found out without torch and without running anything that lies there.

Half a download, a pickle and a foreign format are told apart here, before seconds are spent on loading.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import BrokenCheckpoint, UnsafeWeights, UnsupportedArchitecture
from .llama.shape import Shape, shape_of

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_DEFAULT_CONTEXT_TOKENS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A folder that holds a whole model: weights in safetensors, sizes read from their headers.

    `llama`: its shape where our own forward pass can run it.
    """

    folder: Path
    model_type: str
    parameters: int
    context_tokens: int
    kv_bytes_per_token: int
    has_own_code: bool
    llama: Shape | None


def inspect(folder: Path) -> Checkpoint:
    """Looks at `folder`.

    Raises `BrokenCheckpoint` where a file is missing or cut short, `UnsafeWeights` where only pickles are there,
    `UnsupportedArchitecture` for formats that are not transformers' own.
    """
    if not folder.is_dir():
        raise BrokenCheckpoint(f"{folder} is not a folder.", "Give the folder that holds config.json.")
    weights = _weight_files(folder)
    config = _config(folder)
    parameters = sum(_parameters(path) for path in weights)
    return Checkpoint(
        folder=folder,
        model_type=config.get("model_type", ""),
        parameters=parameters,
        context_tokens=_first(config, "max_position_embeddings", "n_positions", "max_seq_len")
        or _DEFAULT_CONTEXT_TOKENS,
        kv_bytes_per_token=_kv_bytes_per_token(config),
        has_own_code="auto_map" in config,
        llama=_llama(config, folder),
    )


def _llama(config: dict[str, Any], folder: Path) -> Shape | None:
    try:
        return shape_of(config)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenCheckpoint(
            f"{folder / 'config.json'} says that it is a Llama, and lacks {error}.", "Download the model again."
        ) from error


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        raise BrokenCheckpoint(f"{folder} has no config.json.", "Download the model again.")
    try:
        config = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise BrokenCheckpoint(f"{path} is not JSON: {error}.", "Download the model again.") from error
    if not isinstance(config, dict):
        raise BrokenCheckpoint(f"{path} is not a JSON object.", "Download the model again.")
    return config


def _weight_files(folder: Path) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise BrokenCheckpoint(f"{index} is damaged.", "Download the model again.") from error
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            raise BrokenCheckpoint(
                f"{folder} lacks {len(missing)} of {len(names)} weight files, {missing[0]} among them.",
                "Run the download again: it goes on where it stopped.",
            )
        return [folder / name for name in names]
    if (folder / "model.safetensors").is_file():
        return [folder / "model.safetensors"]
    raise _no_weights(folder)


def _no_weights(folder: Path) -> Exception:
    if pickles := sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern)):
        return UnsafeWeights(
            f"{folder} has its weights as a pickle only ({pickles[0]}); reading one can run any code.",
            "Take a model saved as safetensors, or convert it where you trust it (save_pretrained).",
        )
    if any(folder.glob("*.gguf")):
        return UnsupportedArchitecture(
            f"{folder} holds a GGUF file, which Seekline does not load.",
            "Take the same model in safetensors.",
        )
    return BrokenCheckpoint(f"{folder} has no model.safetensors.", "Download the model again.")


def _parameters(path: Path) -> int:
    """The number of weights in a safetensors file; also checks that all its bytes are there."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            header_bytes = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(header_bytes, size)))
        tensors = [value for name, value in header.items() if name != "__metadata__"]
        end = max(tensor["data_offsets"][1] for tensor in tensors)
        parameters = sum(math.prod(tensor["shape"]) for tensor in tensors)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenCheckpoint(f"{path} is no safetensors file.", "Download the model again.") from error
    if size != 8 + header_bytes + end:
        raise BrokenCheckpoint(
            f"{path} has {size:,} bytes where its header announces {8 + header_bytes + end:,}.",
            "Run the download again: it was cut short.",
        )
    return parameters


def _kv_bytes_per_token(config: dict[str, Any]) -> int:
    """Bytes of KV cache per token at 16 bits, by the usual names; 0 where the configuration uses others."""
    layers = _first(config, "num_hidden_layers", "n_layer")
    heads = _first(config, "num_attention_heads", "n_head")
    hidden = _first(config, "hidden_size", "n_embd")
    if not (layers and heads and hidden):
        return 0
    kv_heads = _first(config, "num_key_value_heads") or heads
    return 2 * 2 * layers * kv_heads * (_first(config, "head_dim") or hidden // heads)


def _first(config: dict[str, Any], *names: str) -> int | None:
    """The first of these entries that is a positive whole number."""
    return next((v for name in names if isinstance(v := config.get(name), int) and v > 0), None)
