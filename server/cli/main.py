"""`seekline`: all commands."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from ..version import VERSION

# Each command and the module that has it, as a function, or as a Typer `app` of its own.
_COMMANDS = {
    "serve": "serve",
    "complete": "complete",
    "prompt": "prompt",
    "models": "models",
    "doctor": "doctor",
    "config": "config",
    "stats": "stats",
    "eval": "eval",
    "eval-set": "eval_set",
    "learn": "learn",
    "status": "engine_process",
    "stop": "engine_process",
}


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"seekline {VERSION}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Completes code inline with DeepSeek Coder, on your own machine."""


def create_app(wanted: str | None = None) -> typer.Typer:
    """The command line with all commands, or only with `wanted`: an editor waits while the others are imported."""
    app = typer.Typer(name="seekline", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_root)
    for name, module_name in _COMMANDS.items():
        if wanted in _COMMANDS and name != wanted:
            continue
        module = import_module(f"{__package__}.{module_name}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name.replace("-", "_")))
    return app
