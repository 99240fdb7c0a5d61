"""What an adapter's adapter_config.json says, in PEFT's words: which modules it adapts, by which rank, how strongly.

Only what says plain LoRA (Hu et al. 2021) is read; anything that would change what is computed is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Annotated, Any

import re2
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from .. import outside
from ..errors import BrokenAdapter, UnreadableFile, UnsupportedAdapter

ADAPTER_CONFIG = "adapter_config.json"
MAX_RANK = 4096
_MAX_BYTES = 4_000_000
_MAX_PATTERNS = 4096
_AGAIN = "Save the adapter again with PEFT (save_pretrained), or name another folder."
_PLAIN = "Seekline runs plain LoRA; train or convert the adapter as that."
_PLAIN_STARTS = (True, False, None, "gaussian", "eva", "orthogonal")
"""How a training may begin that leaves the base as it is. PiSSA, OLoRA and others train beside a changed one."""
_LAYERS = "layers"
_HARMLESS = frozenset(
    {
        "auto_mapping",
        "ensure_weight_tying",
        "eva_config",
        "inference_mode",
        "lora_dropout",
        "megatron_core",
        "peft_version",
        "qalora_group_size",
        "revision",
        "runtime_config",
    }
)
"""What changes nothing for a finished plain LoRA. Every other option that is not read must be off."""
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False

_Test = Callable[[str], Any]
_Patterns = Sequence[tuple[Any, Any]]
_Name = Annotated[str, Field(max_length=1000)]
_Names = Annotated[list[_Name], Field(max_length=_MAX_PATTERNS)]
_Rank = Annotated[int, Field(strict=True, ge=1, le=MAX_RANK)]
_Alpha = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
_Layer = Annotated[int, Field(strict=True, ge=0, le=1024)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="allow")

    peft_type: _Name
    task_type: _Name | None = None
    base_model_name_or_path: _Name | None = None
    r: _Rank = 8
    lora_alpha: _Alpha = 8
    use_rslora: Annotated[bool, Field(strict=True)] = False
    bias: _Name = "none"
    init_lora_weights: bool | _Name | None = True
    target_modules: _Name | _Names | None = None
    exclude_modules: _Name | _Names | None = None
    layers_to_transform: _Layer | Annotated[list[_Layer], Field(max_length=_MAX_PATTERNS)] | None = None
    layers_pattern: _Name | _Names | None = None
    rank_pattern: Annotated[dict[_Name, _Rank], Field(max_length=_MAX_PATTERNS)] | None = None
    alpha_pattern: Annotated[dict[_Name, _Alpha], Field(max_length=_MAX_PATTERNS)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """Of what is added to one module: the rank of the product, and what it is multiplied by."""

    rank: int
    scale: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterConfig:
    """A configuration of plain LoRA. `made_for`: the name or path of its base; may be empty. `targets`: which modules
    it adapts, in words.

    The rest says how: whether a module is chosen or excluded by its name, in which layers, and by patterns of names
    other ranks and alphas than all others have.
    """

    made_for: str
    targets: str
    chosen: _Test
    excluded: _Test
    layers: frozenset[int] | None
    rank: int
    alpha: float
    is_rank_stabilized: bool
    ranks: _Patterns
    alphas: _Patterns

    def adapts(self, module: str, layer: int | None) -> bool:
        """Whether it adapts a module of the base, by transformers' name for it. `layer`: which it belongs to."""
        if self.excluded(module) or not self.chosen(module):
            return False
        return self.layers is None or layer in self.layers

    def strength(self, module: str) -> Strength:
        rank = _first(self.ranks, module, self.rank)
        alpha = _first(self.alphas, module, self.alpha)
        return Strength(rank=rank, scale=alpha / (sqrt(rank) if self.is_rank_stabilized else rank))


def _first(patterns: _Patterns, module: str, otherwise: Any) -> Any:
    for pattern, value in patterns:
        if pattern.fullmatch(module):
            return value
    return otherwise


def read_adapter_config(folder: Path) -> AdapterConfig:
    """Raises `BrokenAdapter` where it is missing or makes no sense, and `UnsupportedAdapter` for all but plain LoRA."""
    try:
        path = outside.file_in(folder, ADAPTER_CONFIG)
        if not path.exists():
            raise BrokenAdapter(f"{folder} has no {ADAPTER_CONFIG}.", "Name a folder that PEFT saved an adapter in.")
        found = outside.read_json(path, limit_bytes=_MAX_BYTES)
        table = outside.checked(found, TypeAdapter(_Table), name=path)
    except UnreadableFile as error:
        raise BrokenAdapter(error.problem, _AGAIN) from error
    _check_plain(table, path)
    return _of_table(table, path)


def _of_table(table: _Table, path: Path) -> AdapterConfig:
    targets, layers = table.target_modules or [], table.layers_to_transform
    if layers is None or layers == [] or isinstance(targets, str):  # an expression says all, as in PEFT
        chosen_layers = None
    else:
        chosen_layers = frozenset(layers if isinstance(layers, list) else [layers])
    return AdapterConfig(
        made_for=table.base_model_name_or_path or "",
        targets=targets if isinstance(targets, str) else ", ".join(targets),
        chosen=_test(targets, path),
        excluded=_test(table.exclude_modules or [], path),
        layers=chosen_layers,
        rank=table.r,
        alpha=table.lora_alpha,
        is_rank_stabilized=table.use_rslora,
        ranks=_patterns(table.rank_pattern, path),
        alphas=_patterns(table.alpha_pattern, path),
    )


def _test(names: str | Sequence[str], path: Path) -> _Test:
    """A test of modules: by an expression for all of a name, or by its last parts."""
    if isinstance(names, str):
        return _compiled(names, path).fullmatch
    ends = tuple(f".{name}" for name in names)
    return lambda module: f".{module}".endswith(ends)


def _patterns(values: Mapping[str, Any] | None, path: Path) -> _Patterns:
    return [(_compiled(rf"(?:.*\.)?(?:{key})", path), value) for key, value in (values or {}).items()]


def _compiled(pattern: str, path: Path) -> Any:
    try:
        return re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        raise UnsupportedAdapter(
            f"{path} names modules by {pattern[:100]!a}, which is no expression that RE2 understands.",
            "Name them one by one in target_modules, rank_pattern or alpha_pattern.",
        ) from error


def _check_plain(table: _Table, path: Path) -> None:
    if table.peft_type != "LORA":
        raise UnsupportedAdapter(f"{path} is of the kind {table.peft_type[:100]!r}, not LORA.", _PLAIN)
    if table.task_type not in (None, "CAUSAL_LM"):
        raise UnsupportedAdapter(
            f"{path} was trained for {table.task_type[:100]!r}, not to write text.", "Name one for CAUSAL_LM."
        )
    starts = table.init_lora_weights
    odd: dict[str, Any] = {}
    if table.bias != "none":
        odd["bias"] = table.bias
    if starts not in _PLAIN_STARTS:
        odd["init_lora_weights"] = starts
    if table.layers_pattern not in (None, "", [], _LAYERS, [_LAYERS]):
        odd["layers_pattern"] = table.layers_pattern
    for name, value in (table.model_extra or {}).items():
        if value and name not in _HARMLESS:
            odd[name] = value
    if odd:
        name, value = next(iter(odd.items()))
        shown = name[:100] if name.isidentifier() else ascii(name[:100])
        raise UnsupportedAdapter(f"{path} has {shown} = {ascii(value)[:100]}, which is not run here.", _PLAIN)
