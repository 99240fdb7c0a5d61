"""Whether the tensors of a Llama's files are those that its configuration announces: none missing, none of another
shape, and none that nobody would read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from pathlib import Path

from ..backends.llama.llama_config import LlamaConfig
from ..errors import BrokenCheckpoint
from .packing import Packing
from .tensor_file import Tensor

FLOATS = ("F64", "F32", "F16", "BF16")
_INTEGERS = ("I32",)
_PACKED = {
    "qweight": _INTEGERS,
    "qzeros": _INTEGERS,
    "g_idx": _INTEGERS,
    "scales": ("F32", "F16", "BF16"),
    "bias": FLOATS,
}
"""The types of what stands for a packed matrix, by the last part of the name."""
_MATRIX = re.compile(r"(?:model\.layers\.\d+\..*_proj|lm_head)\.weight")
_RECOMPUTED = re.compile(r"model\.(?:layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq")
"""What older versions of transformers wrote although it follows from the configuration."""
_AGAIN = "Download the model again."


_Wanted = dict[str, tuple[tuple[int, ...], tuple[str, ...]]]
"""Shape and possible types of tensors, by name."""


def check_llama_tensors(
    config: LlamaConfig, packing: Packing | None, tensors: Mapping[str, Tensor], path: Path
) -> None:
    """Raises `BrokenCheckpoint`, which names the first tensor that is wrong. `path`: of the model."""
    needed, possible = _expected(config, packing, tensors, path)
    known = needed | possible
    for name, (shape, dtypes) in known.items():
        found = tensors.get(name)
        if found is None and name in possible:
            continue
        if found is None:
            raise BrokenCheckpoint(f"The weights in {path} lack {name}.", _AGAIN)
        if found.shape != shape or found.dtype not in dtypes:
            raise BrokenCheckpoint(
                f"{name} in {path} has the shape {found.shape} of {found.dtype} where config.json announces {shape} of "
                f"{'floating point numbers' if dtypes == FLOATS else ' or '.join(dtypes)}.",
                _AGAIN,
            )
    unexpected = sorted(name for name in tensors if name not in known and not _RECOMPUTED.fullmatch(name))
    if unexpected:
        others = f" and {len(unexpected) - 1} others" if len(unexpected) > 1 else ""
        raise BrokenCheckpoint(
            f"The weights in {path} have {unexpected[0][:200]!r}{others}, which a Llama of its configuration does not.",
            "Download the model again; a config.json of another model may lie beside its weights.",
        )


def _expected(
    config: LlamaConfig, packing: Packing | None, tensors: Mapping[str, Tensor], path: Path
) -> tuple[_Wanted, _Wanted]:
    """What must be there, and what may."""
    needed: _Wanted = {}
    possible: _Wanted = {}
    head, head_shape = config.head()
    for name, shape in config.tensors():
        needed[name] = shape, FLOATS
    (possible if config.tied else needed)[head] = head_shape, FLOATS
    if packing is None:
        return needed, possible
    for name in [name for name in needed if _MATRIX.fullmatch(name)]:
        stem = name.removesuffix("weight")
        # A matrix that was left as it is has its own name; the head always may be one.
        if name in tensors or (name == head and f"{stem}qweight" not in tensors):
            continue
        outputs, inputs = needed.pop(name)[0]
        if not packing.fits(outputs, inputs):
            raise BrokenCheckpoint(
                f"{name} in {path}, of {outputs} outputs and {inputs} inputs, cannot be packed as config.json "
                "announces.",
                _AGAIN,
            )
        for part, shape in packing.shapes(outputs, inputs).items():
            may_lack = part == "bias" or (part == "g_idx" and not packing.is_reordered)
            (possible if may_lack else needed)[stem + part] = shape, _PACKED[part]
    return needed, possible


def parameters_of(tensors: Mapping[str, Tensor], packing: Packing | None) -> int:
    """How many weights the tensors hold: of packed ones, those that they stand for."""
    count = 0
    for name, tensor in tensors.items():
        part = name.rpartition(".")[2]
        if packing is None or part not in _PACKED or part == "bias":
            count += prod(tensor.shape)
        elif part == "qweight":
            count += prod(tensor.shape) * packing.codes_per_word
    return count
