"""The ways to complete that `seekline eval` measures beside each other: settings, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ... import model
from ..completion.prompt_config import PromptConfig, prompt_config
from ..errors import BadRequest
from ..settings.field import LEARNED, NOTHING
from ..settings.settings import Settings

Part = Literal["other-files", "adapter", "copies", "guide"]
PARTS: tuple[Part, ...] = ("other-files", "adapter", "copies", "guide")
AS_IT_IS = "as it is"
MODEL_ALONE = "model alone"
# Figures must not depend on how busy the machine is, or on chance.
_MEASURED = {"temperature": 0.0, "top_k": "all", "unload_minutes": 0.0}


def _unchanged(config: PromptConfig) -> PromptConfig:
    return config


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """`settings`: those that differ. `change`: what else changes of what they make."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    change: Callable[[PromptConfig], PromptConfig] = _unchanged

    @property
    def adapter(self) -> str | None:
        """The adapter that it is measured with; None: as the settings say."""
        return self.settings.get("adapter")


def _with(part: Part) -> Variant:
    changes: dict[Part, Variant] = {
        "other-files": Variant(name="with other files", change=lambda config: replace(config, other_files=True)),
        "adapter": Variant(name="with adapter", settings={"adapter": LEARNED}),
        "copies": Variant(name="with copies", settings={"copies": True}),
        "guide": Variant(name="with guide"),
    }
    return changes[part]


def _without(part: Part) -> Variant:
    changes: dict[Part, Variant] = {
        "other-files": Variant(name="without other files", change=lambda config: replace(config, other_files=False)),
        "adapter": Variant(name="without adapter", settings={"adapter": NOTHING}),
        "copies": Variant(name="without copies", settings={"copies": False}),
        "guide": Variant(name="without guide", change=lambda config: replace(config, guided=False)),
    }
    return changes[part]


def _alone(config: PromptConfig) -> PromptConfig:
    return replace(config, other_files=False, guided=False)


_ALL = {
    variant.name: variant
    for variant in (
        Variant(name=AS_IT_IS),
        *map(_with, PARTS),
        *map(_without, PARTS),
        Variant(name=MODEL_ALONE, settings={"adapter": NOTHING, "copies": False}, change=_alone),
    )
}


def chosen_variants(
    named: Sequence[str], with_parts: Sequence[str], without_parts: Sequence[str], controls: Sequence[str]
) -> list[Variant] | None:
    """Those that the options name, each once; None where they name none. Raises `BadRequest`."""
    if not named and not with_parts and not without_parts:
        return None
    found: list[Variant] = []
    for name in named or (AS_IT_IS,):
        if name not in _ALL and name not in controls:
            raise BadRequest(f"There is no variant {name!r}.", f"There are: {', '.join(_ALL)}.")
        found.append(_ALL.get(name, Variant(name=name)))
    for parts, variant_of in ((with_parts, _with), (without_parts, _without)):
        for part in parts:
            if part not in PARTS:
                raise BadRequest(f"{part!r} is nothing to measure with and without.", f"There are: {', '.join(PARTS)}.")
            found.append(variant_of(part))
    return list({variant.name: variant for variant in found}.values())


def usual_variants(config: PromptConfig, *, is_adapted: bool) -> list[Variant]:
    """As it is; other files the other way; and without the adapter, where there is one."""
    found = [_ALL[AS_IT_IS], _without("other-files") if config.other_files else _with("other-files")]
    if is_adapted:
        found.append(_without("adapter"))
    return found


def measured_settings(settings: Settings, changed: Mapping[str, Any]) -> Settings:
    """The user's own, with what a measurement needs and what is changed."""
    return settings.model_copy(update={**_MEASURED, **changed})


def config_of(variant: Variant, info: model.EngineInfo, settings: Settings) -> PromptConfig:
    """How a variant prompts; no time limits it."""
    return replace(
        variant.change(prompt_config(info, measured_settings(settings, variant.settings))), time_limit_s=None
    )
