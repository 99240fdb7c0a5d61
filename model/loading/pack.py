"""Saves the quantized weights of a model as one file, to be loaded from it here or on another machine."""

from __future__ import annotations

from pathlib import Path

from ..backends.llama.kept import kept_path, made_from
from ..backends.llama.packed import write_packed
from ..errors import BrokenCheckpoint, UnsupportedQuantization
from .load import load_model
from .packed import settings_of
from .plan import Plan


def pack(plan: Plan, cache: Path, to: Path, *, threads: int) -> None:
    """Writes the weights of `plan`'s model, as Seekline quantizes them, to the file `to`; loads the model where `cache`
    does not have them yet.

    Raises what `load_model` raises, `UnsupportedQuantization` where Seekline quantizes nothing of it, and
    `BrokenCheckpoint` where `to` cannot be written.
    """
    settings = settings_of(plan)
    kept = kept_path(cache, made_from(plan.source.path, settings))
    if not kept.is_file():
        load_model(plan, threads=threads, cache=cache)
    if not kept.is_file():
        raise UnsupportedQuantization(
            f"{plan.source.name} ({plan.format}) has no weights that Seekline quantizes: there is nothing to pack.",
            "Set quantization = int4, or take the model as it is.",
        )
    try:
        write_packed(kept, plan.source.path, settings, to)
    except OSError as error:
        raise BrokenCheckpoint(f"{to} cannot be written: {error.strerror}.", "Name another file.") from error
