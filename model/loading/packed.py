"""Puts the weights of a packed model into the cache, from which its model is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..backends.llama import kept
from ..backends.llama.native_structures import runs_natively
from ..backends.llama.packed import read_packed
from ..errors import BrokenCheckpoint, UnsupportedQuantization
from .plan import Plan
from .sizes import Quantization

if TYPE_CHECKING:
    from ..backends.llama.model_loader import Bits

BITS: dict[Quantization, Bits] = {"none": None, "int8": 8, "int4": 4, "stored": "stored"}


def unpack(plan: Plan, packed: Path, cache: Path) -> None:
    """Puts the weights in `packed` into the cache, where they are not there yet, for the model of `plan`.

    Raises `BrokenCheckpoint` where they are of another model, or quantized otherwise, and where the cache cannot be
    written.
    """
    settings = settings_of(plan)
    origin = kept.made_from(plan.source.path, settings)
    path = kept.kept_path(cache, origin)
    if path.is_file():
        return
    try:
        read_packed(packed, plan.source.path, settings, path, origin)
    except OSError as error:
        raise BrokenCheckpoint(
            f"{packed} cannot be put into {cache}: {error.strerror}.", "Make that folder writable."
        ) from error


def settings_of(plan: Plan) -> dict[str, object]:
    """What the matrices are quantized with. Raises `UnsupportedQuantization` where not we ourselves quantize them."""
    llama = plan.checkpoint.llama
    if llama is None or plan.by_bitsandbytes or plan.engine != "seekline":
        raise UnsupportedQuantization(
            f"{plan.source.name} ({plan.format}) is not quantized by Seekline.",
            "Packed models are Llamas with quantization = int4, or int8 on a CPU.",
        )
    return kept.settings_of(
        bits=BITS[plan.quantization],
        native=plan.device.kind == "cpu" and runs_natively(llama),
        packing=plan.checkpoint.packing,
        merged=plan.adapter if plan.merges_adapter else None,
    )
