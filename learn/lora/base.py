"""The model that an adapter is trained for: which folder, whether it can be trained on, what it ends a text with."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...model.catalogue.checkpoint import Checkpoint, inspect, read_table
from ...model.catalogue.sources import Source, check_agreed, find_sources
from ...model.errors import BrokenCheckpoint
from ...model.tokenizer import Tokenizer
from ..errors import PackageMissing, UnsupportedBase

_INSTEAD = (
    "Name the folder of the same model in floating point numbers, as its makers published it (safetensors); the "
    "adapter then runs beside the packed weights, too."
)
_EXTRA = "pipx install '.[learn]' in the clone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """`end`: the id that ends a text."""

    source: Source
    checkpoint: Checkpoint
    tokenizer: Tokenizer
    end: int


def find_base(name: str, *, folder: Path, agreed: Collection[Path] | None = None) -> Base:
    """The base that `name` means, as the setting `model`; a path is relative to `folder`. `agreed`: the folders that
    may be opened, None: all.

    Raises what `find_sources`, `check_agreed` and `inspect` raise, and `UnsupportedBase`.
    """
    sources = find_sources(name, base=folder)
    plain = [source for source in sources if source.format == "safetensors"]
    source = check_agreed((plain or sources)[0], agreed)
    checkpoint = inspect(source.path)
    if checkpoint.weights_format != "safetensors" or checkpoint.packing is not None:
        raise UnsupportedBase(
            f"{source.name} has its weights as {checkpoint.weights_format.upper()}: no adapter is trained beside it.",
            _INSTEAD,
        )
    if checkpoint.llama is None:
        raise UnsupportedBase(
            f"{source.name} is of the architecture {checkpoint.model_type[:80]!r}; adapters run on models of the Llama "
            "architecture only.",
            "Name such a model, as deepseek-coder-1.3b-base.",
        )
    if source.path != source.folder:
        raise UnsupportedBase(f"{source.path} is one file of weights.", "Name the folder that it lies in.")
    tokenizer = Tokenizer(source.path, embeddings=checkpoint.vocabulary)
    return Base(source=source, checkpoint=checkpoint, tokenizer=tokenizer, end=_end(source.folder, tokenizer))


def check_installed() -> None:
    """Raises `PackageMissing` where the packages that train are not here."""
    missing = [name for name in ("peft", "accelerate") if importlib.util.find_spec(name) is None]
    if missing:
        raise PackageMissing(f"Training takes {' and '.join(missing)}, which are not here.", f"Run: {_EXTRA}.")


def _end(folder: Path, tokenizer: Tokenizer) -> int:
    """The first id that the model's files call the end of a text. Raises `BrokenCheckpoint`."""
    for name in ("config.json", "generation_config.json"):
        found: Any = (read_table(folder, name) or {}).get("eos_token_id")
        ids = found if isinstance(found, list) else [found]
        for id in ids:
            if isinstance(id, int) and id in tokenizer.control_ids:
                return id
    raise BrokenCheckpoint(
        f"{folder} says of no control token that it ends a text (eos_token_id).", "Download the model again."
    )
