"""Whether an adapter can run on a model, and what to say where it may be meant for another one."""

from __future__ import annotations

import re
from pathlib import Path

from ..catalogue.adapter import Adapter, inspect_adapter
from ..catalogue.catalogue import published_in
from ..catalogue.checkpoint import Checkpoint
from ..catalogue.learned import adapter_in_force
from ..catalogue.sources import Source
from ..catalogue.wanted import hub_name
from ..errors import ModelError, UnsupportedAdapter
from .engine_choice import RunsBy

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


def choose_adapter(path: Path, checkpoint: Checkpoint, engine: RunsBy, *, model: str, quantized: str | None) -> Adapter:
    """The adapter in a folder, which fits the model. `quantized`: in what the weights are quantized already that it is
    to be merged into; None where it need not, or can be.

    Raises the errors of `inspect_adapter`, and `UnsupportedAdapter` where the model is not computed by our own forward
    pass, or its weights cannot be added to.
    """
    if engine != "seekline" or checkpoint.llama is None:
        raise UnsupportedAdapter(
            f"{model} is computed by {engine}; adapters run on models of the Llama architecture, as DeepSeek Coder v1, "
            "on one device.",
            "Set adapter = none, or name such a model.",
        )
    if quantized is not None:
        raise UnsupportedAdapter(
            f"The adapter {path} cannot be merged into weights that are quantized already ({quantized}).",
            "Set merge_adapter = false: it then runs beside them.",
        )
    return inspect_adapter(path, checkpoint.llama, model=model)


def learned_adapter(
    learned: Path, source: Source, checkpoint: Checkpoint, engine: RunsBy
) -> tuple[Adapter | None, str | None]:
    """What was learned for this very model, if anything, and what to tell where that cannot run: the model does without
    it. `learned`: a `repository_folder`. Nobody has named it, so that where no adapter runs at all there is nothing to
    tell."""
    runs_adapters = engine == "seekline" and checkpoint.llama is not None
    path = adapter_in_force(learned, source.path) if runs_adapters else None
    if path is None:
        return None, None
    try:
        return choose_adapter(path, checkpoint, engine, model=source.name, quantized=None), None
    except ModelError as error:
        return None, without_learned(error)


def without_learned(error: ModelError) -> str:
    """What to tell where a learned adapter cannot run."""
    return f"{error.problem} The model runs without it. Run `seekline learn train` again, or `seekline learn forget`."


def doubt_about(adapter: Adapter, source: Source) -> str | None:
    """What to tell where an adapter fits a model, but names another one as its base; None where there is no doubt, or
    no telling."""
    made_for = adapter.made_for
    if source.is_path or not _REPOSITORY.fullmatch(made_for):
        return None
    published = published_in(made_for)
    if published is not None:
        is_same = published[0] is source.entry
    else:
        runs = hub_name(source.name)
        is_same = runs is not None and runs.repository.lower() == made_for.lower()
    if is_same:
        return None
    return f"The adapter {adapter.path} says that it was trained for {made_for}, and runs on {source.name} now."
