"""The settings of a command: those of the files, and its options over them."""

from __future__ import annotations

from pathlib import Path

from ..errors import BadSettings
from ..settings.config import Config, command_line_layer, file_layers, merge
from .console import print_note


def load_config(workspace: Path, **options: str | int | None) -> Config:
    """The settings for a command in `workspace`, `options` over all others.

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
