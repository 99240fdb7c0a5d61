"""A LoRA adapter in PEFT's format, on this machine: which folder, whether it fits a model, and what is in it.

Found out without torch, from the configuration and the header of the weights.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from .. import outside
from ..backends.llama.llama_config import LlamaConfig
from ..errors import (
    BrokenAdapter,
    BrokenCheckpoint,
    PathNotAgreed,
    UnknownModel,
    UnreadableFile,
    UnsafeWeights,
    UnsupportedAdapter,
)
from .adapter_config import ADAPTER_CONFIG, AdapterConfig, Strength, read_adapter_config
from .llama_tensors import FLOATS
from .sources import canonical_path, is_path
from .tensor_file import Tensor, read_header

ADAPTER_WEIGHTS = "adapter_model.safetensors"
NO_ADAPTER = "none"
"""What names the absence of one."""

PREFIX = "base_model.model."
"""PEFT wraps a model twice, and the names of its tensors say so."""

_BLOCK_BYTES = 1 << 20
_PICKLE = "adapter_model.bin"
_LAYER = re.compile(r"model\.layers\.(\d+)\.")
_OTHERS = ("lm_head", "model.embed_tokens")
_SAVE_AGAIN = "Save the adapter again with PEFT (save_pretrained), or name another folder."
_NAME_ONE = "Name a folder with adapter_config.json and adapter_model.safetensors, as ./folder."

FileState = tuple[str, int, int, int]
"""Name, bytes, time and number of a file: another one where it was written to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """An adapter that fits a model. `made_for`: what its configuration calls its base; may be empty. `modules`: how
    strongly it adapts which modules of a Llama. `tensors`: what its file announced."""

    path: Path
    made_for: str
    modules: Mapping[str, Strength]
    tensors: Mapping[str, Tensor]
    files: tuple[FileState, ...]

    @property
    def weights_path(self) -> Path:
        return self.path / ADAPTER_WEIGHTS

    @property
    def size_bytes(self) -> int:
        return sum(tensor.size_bytes for tensor in self.tensors.values())

    @property
    def origin(self) -> list[object]:
        """What tells it from all others, as JSON has it: its folder, and its files as they were looked at."""
        return [str(self.path), [list(file) for file in self.files]]

    @property
    def is_current(self) -> bool:
        """Whether its files are still those that were looked at; also where they are gone, which changes nothing."""
        return file_states(self.path) in (self.files, ())


def file_states(folder: Path) -> tuple[FileState, ...]:
    """The states of an adapter's files; none where one cannot be looked at."""
    try:
        states = [(name, (folder / name).stat()) for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS)]
    except OSError:
        return ()
    return tuple((name, state.st_size, state.st_mtime_ns, state.st_ino) for name, state in states)


def adapter_digest(folder: Path) -> str:
    """Of what an adapter's files have: another one where it was trained anew. Raises `BrokenAdapter`."""
    digest = hashlib.blake2b(digest_size=16)
    for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS):
        try:
            with (folder / name).open("rb") as file:
                while block := file.read(_BLOCK_BYTES):
                    digest.update(block)
        except OSError as error:
            raise BrokenAdapter(f"{folder / name} cannot be read: {error.strerror}.", _NAME_ONE) from error
    return digest.hexdigest()


def find_adapter(name: str, *, base: Path, agreed: Collection[Path] | None) -> Path:
    """The folder that `name`, relative to `base`, leads to, without a link in its own path. `agreed`: which may be
    opened, by canonical paths; None: all.

    Raises `BrokenAdapter` where there is none, and `PathNotAgreed`.
    """
    if not is_path(name):
        raise BrokenAdapter(f"{name!r} is no path to an adapter.", _NAME_ONE)
    try:
        path = canonical_path(name, base=base)
    except UnknownModel as error:
        raise BrokenAdapter(error.problem, _NAME_ONE) from error
    if not path.is_dir():
        raise BrokenAdapter(f"{path} is not a folder.", _NAME_ONE)
    if agreed is not None and path not in agreed:
        raise PathNotAgreed(path, "an adapter")
    return path


def inspect_adapter(path: Path, config: LlamaConfig, *, model: str) -> Adapter:
    """Looks at an adapter's folder. `config`: of the base that it is to run on; `model`: its name.

    Raises `BrokenAdapter` where a file is missing or contradicts another, `UnsafeWeights` where only a pickle is there,
    and `UnsupportedAdapter` for all but plain LoRA, or where it does not fit the base.
    """
    files = file_states(path)
    said = read_adapter_config(path)
    tensors = _tensors(path)
    modules = _modules(said, config, path, model)
    _check(tensors, modules, dict(config.tensors()), said, path, model)
    return Adapter(path=path, made_for=said.made_for, modules=modules, tensors=tensors, files=files)


def _tensors(path: Path) -> Mapping[str, Tensor]:
    try:
        weights = outside.file_in(path, ADAPTER_WEIGHTS)
        if weights.exists():
            return read_header(weights).tensors
    except (UnreadableFile, BrokenCheckpoint) as error:
        raise BrokenAdapter(error.problem, _SAVE_AGAIN) from error
    if (path / _PICKLE).exists():
        raise UnsafeWeights(
            f"{path} has its weights as a pickle only ({_PICKLE}); reading one can run any code.",
            "Save the adapter as safetensors where you trust it (save_pretrained).",
        )
    raise BrokenAdapter(f"{path} has no {ADAPTER_WEIGHTS}.", _SAVE_AGAIN)


def _modules(said: AdapterConfig, config: LlamaConfig, path: Path, model: str) -> dict[str, Strength]:
    """The modules of the base that the configuration means."""
    for other in _OTHERS:
        if said.adapts(other, None):
            raise UnsupportedAdapter(
                f"{path} adapts {other}; only the linear layers between embedding and head are adapted here.",
                "Train it with target_modules of the layers: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, "
                "down_proj.",
            )
    found: dict[str, Strength] = {}
    for name, _ in config.tensors():
        module, layer = name.removesuffix(".weight"), _LAYER.match(name)
        if layer and module.endswith("_proj") and said.adapts(module, int(layer[1])):
            found[module] = said.strength(module)
    if not found:
        raise UnsupportedAdapter(
            f"{path} adapts nothing that {model} has: its target_modules are {said.targets[:200]!a}.",
            _other_base(said),
        )
    return found


def _check(
    tensors: Mapping[str, Tensor],
    modules: Mapping[str, Strength],
    base: Mapping[str, tuple[int, ...]],
    said: AdapterConfig,
    path: Path,
    model: str,
) -> None:
    """Raises where a tensor is missing, unexpected, or of another shape. `base`: the shapes of the base's tensors."""
    expected: set[str] = set()
    for module, strength in modules.items():
        outputs, inputs = base[f"{module}.weight"]
        for part, shape in (("lora_A", (strength.rank, inputs)), ("lora_B", (outputs, strength.rank))):
            name = f"{PREFIX}{module}.{part}.weight"
            expected.add(name)
            found = tensors.get(name)
            if found is None:
                raise BrokenAdapter(f"The adapter {path} lacks {name}.", _SAVE_AGAIN)
            if found.dtype not in FLOATS:
                raise BrokenAdapter(f"{name} in {path} is of {found.dtype}, no floating point number.", _SAVE_AGAIN)
            if found.shape == shape:
                continue
            problem = f"{name} in {path} has the shape {found.shape}; {model} and rank {strength.rank} need {shape}."
            width = 1 if part == "lora_A" else 0
            if len(found.shape) == 2 and found.shape[width] != shape[width]:
                raise UnsupportedAdapter(problem, _other_base(said))
            raise BrokenAdapter(problem, _SAVE_AGAIN)
    unexpected = sorted(tensors.keys() - expected)
    if unexpected:
        more = f" and {len(unexpected) - 1} others" if len(unexpected) > 1 else ""
        raise UnsupportedAdapter(
            f"The adapter {path} has {unexpected[0][:200]!a}{more}, for which {model} has no place, or which its "
            "configuration does not announce.",
            _other_base(said),
        )


def _other_base(said: AdapterConfig) -> str:
    if not said.made_for:
        return "Name the model that it was trained for, or another adapter."
    return f"Name the model that it was trained for, which it says is {said.made_for[:200]!a}, or another adapter."
