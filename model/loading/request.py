"""What is asked of the planner."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..catalogue.adapter import NO_ADAPTER
from ..catalogue.wanted import ANY, WantedWeights
from .engine_choice import EngineChoice
from .hardware import Dtype
from .sizes import Quantization

NO_DRAFTS = "none"
"""What `ModelRequest.draft_model` is where no small model drafts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """What the user asked for; `auto` leaves it to `make_plan`.

    `weights`: the format, and the file of a GGUF repository. `engine`: whose forward pass is to compute.
    `sequence_tokens`: prompt and completion together, for which the KV cache needs room. `trusted`: names of models
    whose own code may run. `smaller_than`: so many parameters `auto` may not take. `max_sequences`: of full length, for
    whose KV caches there is room; None: for as many as are worth the memory. `draft_model`: named as `model` is.
    `adapter`: the path of a LoRA adapter's folder, which `merge_adapter` adds to the weights before they are quantized.
    `learned`: what was learned from the user's repository, of which the adapter for the model is taken, if any.
    `packed`: a file of the model's quantized weights. `agreed`: the folders and files that may be loaded, by their
    canonical paths; None: all. `memory_bytes`: more than that it may not take, however much is free.
    """

    model: str = "auto"
    weights: WantedWeights = ANY
    engine: EngineChoice = "auto"
    device: str = "auto"
    dtype: Dtype | Literal["auto"] = "auto"
    quantization: Quantization | Literal["auto"] = "auto"
    sequence_tokens: int = 2048
    trusted: Collection[str] = ()
    smaller_than: int | None = None
    max_sequences: int | None = None
    draft_model: str = NO_DRAFTS
    adapter: str = NO_ADAPTER
    merge_adapter: bool = False
    learned: Path | None = None
    packed: Path | None = None
    agreed: Collection[Path] | None = None
    memory_bytes: int | None = None
