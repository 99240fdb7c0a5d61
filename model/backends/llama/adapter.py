"""The weights of a LoRA adapter (Hu et al. 2021), and the two ways to use them: beside the matrices of a network, or
added to them while they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch.nn import functional

from ...catalogue.adapter import PREFIX, Adapter
from ...errors import BrokenAdapter, BrokenCheckpoint
from .linears import Linear
from .llama_config import PROJECTIONS, LlamaConfig
from .stored_matrix import StoredMatrix
from .tensors import TensorFile
from .weights import TensorSource

_SAVE_AGAIN = "Save the adapter again with PEFT (save_pretrained), or name another folder."


@dataclass(frozen=True, slots=True, kw_only=True)
class LowRank:
    """What is added to one projection: `up @ down`, of shapes (outputs, rank) and (rank, inputs). The scale is in
    `up`."""

    down: torch.Tensor
    up: torch.Tensor


AdapterWeights = Mapping[str, LowRank]
"""By transformers' name for the projection, as `model.layers.0.mlp.down_proj`."""


def read_adapter(adapter: Adapter) -> AdapterWeights:
    """The weights of an adapter in float32, in the host's memory. Raises `BrokenAdapter`."""
    found: dict[str, LowRank] = {}
    try:
        with TensorFile(adapter.weights_path) as file:
            if file.header.tensors != adapter.tensors:
                raise BrokenAdapter(f"{adapter.path} was changed while it was read.", "Load it again once it is whole.")
            for module, strength in adapter.modules.items():
                down, up = (_finite(file, f"{PREFIX}{module}.{part}.weight") for part in ("lora_A", "lora_B"))
                found[module] = LowRank(down=down, up=up * strength.scale)
            file.check_unchanged()
    except BrokenCheckpoint as error:
        raise BrokenAdapter(error.problem, _SAVE_AGAIN) from error
    return found


def _finite(file: TensorFile, name: str) -> torch.Tensor:
    tensor = file.get(name).float()
    if not tensor.isfinite().all():
        raise BrokenAdapter(f"{name} in {file.path} has weights that are no finite numbers.", _SAVE_AGAIN)
    return tensor


def parts_of(weights: AdapterWeights, layer: int, matrix: str) -> tuple[LowRank | None, ...]:
    """What is added to each projection that is stacked in a matrix, `qkv` for one; None where it stays as it is."""
    return tuple(weights.get(f"model.layers.{layer}.{projection}") for projection in PROJECTIONS[matrix])


def ends_of(config: LlamaConfig, matrix: str) -> list[int]:
    """The first output behind each projection that is stacked in a matrix."""
    sizes = {
        "qkv": [config.query_size, config.kv_size, config.kv_size],
        "output": [config.hidden],
        "gate_up": [config.intermediate, config.intermediate],
        "down": [config.hidden],
    }[matrix]
    return [sum(sizes[: count + 1]) for count in range(len(sizes))]


class AdaptedLinear:
    """A product with a matrix, and with what an adapter adds to it; see `linears.Linear`."""

    def __init__(self, linear: Linear, parts: list[tuple[slice, LowRank]]) -> None:
        """`parts`: of the outputs, and what is added to them, in the format of the rows."""
        self.linear = linear
        self._down = torch.cat([low_rank.down for _, low_rank in parts])
        self._ups = [(outputs, low_rank.up) for outputs, low_rank in parts]

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        out = self.linear(rows)
        low = functional.linear(rows, self._down)
        start = 0
        for outputs, up in self._ups:
            end = start + up.shape[1]
            out[:, outputs] += functional.linear(low[:, start:end], up)
            start = end
        return out


def adapted(
    linear: Linear, config: LlamaConfig, weights: AdapterWeights, layer: int, matrix: str, like: torch.Tensor
) -> Linear:
    """The product with a layer's matrix and what is added to it. `like`: of the device and the format of the rows."""
    parts: list[tuple[slice, LowRank]] = []
    start = 0
    for end, part in zip(ends_of(config, matrix), parts_of(weights, layer, matrix), strict=True):
        if part is not None:
            parts.append((slice(start, end), _moved(part, like)))
        start = end
    return AdaptedLinear(linear, parts) if parts else linear


def _moved(part: LowRank, like: torch.Tensor) -> LowRank:
    down, up = (_in_format(weight, like.device, like.dtype) for weight in (part.down, part.up))
    return LowRank(down=down, up=up)


def _in_format(weight: torch.Tensor, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    converted = weight.to(device, dtype)
    if not converted.isfinite().all():
        raise BrokenAdapter(
            f"The adapter has weights that are no finite numbers in {dtype}.", "Set dtype = bfloat16 or float32."
        )
    return converted


class MergedTensors:
    """The tensors of a model with an adapter added to them; see `weights.TensorSource`. A context manager."""

    def __init__(self, tensors: TensorSource, weights: AdapterWeights, *, dtype: torch.dtype | None) -> None:
        """`dtype`: of what is added to; None: what the model has, to which sums are rounded."""
        self._tensors = tensors
        self._weights = weights
        self._dtype = dtype

    def __enter__(self) -> MergedTensors:
        self._tensors.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._tensors.__exit__(*error)

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def get(self, name: str) -> torch.Tensor:
        tensor = self._tensors.get(name)
        added = self._weights.get(name.removesuffix(".weight"))
        if added is None:
            return tensor
        merged = tensor.float() + (added.up @ added.down).to(tensor.device)
        return _in_format(merged, tensor.device, self._dtype or tensor.dtype)

    def stored(self, name: str) -> StoredMatrix | None:
        return None

    def check_unchanged(self) -> None:
        self._tensors.check_unchanged()
