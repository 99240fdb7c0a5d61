"""The settings of a command: those of the files, and its options over them."""

from __future__ import annotations

from pathlib import Path

from ... import model
from ..errors import BadSettings
from ..settings.config import Config, command_line_layer, file_layers, merge
from .console import print_note

_SERIES = "deepseek-coder"
"""The one of the base models."""


def load_config(workspace: Path | None, **options: str | float | None) -> Config:
    """The settings for a command in `workspace`, or in none, `options` over all others.

    What is wrong with single settings of a file is shown. Raises `BadSettings` for a file that is not TOML and for
    wrong options.
    """
    command_line = command_line_layer(options)
    config = merge([*file_layers(workspace), command_line])
    for problem in config.problems:
        if problem.fatal or problem.source == command_line.source:
            raise BadSettings(str(problem), "Nothing was done.")
        print_note(str(problem))
    return config


def of_size(model_name: str | None, size: str | None) -> str | None:
    """The model of a series that has so many billions of parameters: `--model deepseek-coder --size 6.7`. Without a
    size the name itself. Raises `BadSettings` where there is none."""
    if size is None:
        return model_name
    series = model_name or _SERIES
    entry = model.entry_of_series(series, size)
    if entry is None:
        sizes = ", ".join(model.sizes_of_series(series)) or "none"
        raise BadSettings(
            f"There is no model of the series {series} with {size} billion parameters.", f"Its sizes: {sizes}."
        )
    return entry.name
