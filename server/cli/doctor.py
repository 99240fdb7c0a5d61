"""`seekline doctor`: what this machine has, what would run on it, and what to mend."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from ... import model
from ..completion.prompt_config import prompt_config
from ..engines import is_shared, threads
from ..errors import InputError
from ..learned import learned_in
from ..settings.config import Config, file_layers, merge, workspace_of
from ..settings.settings import Settings
from ..statistics.place import statistics_file
from .complete import make_plan, ready_engine
from .console import out, print_line, print_table
from .outlook import outlooks, print_models

_PACKAGES = ("seekline", "torch", "transformers", "tokenizers", "pygls")
_EXTRAS = {"accelerate": "gpu", "bitsandbytes": "gpu", "xllamacpp": "gguf"}
"""Packages that may be missing, and which extra brings them."""


def doctor() -> None:
    """Report devices, memory, versions and models, and how to mend what is wrong. Exit code 1 where something is."""
    workspace = workspace_of(Path.cwd() / "file")
    config = merge(file_layers(workspace))
    devices = model.all_devices()
    for title, rows in (
        ("This machine", _machine(config.settings)),
        ("Devices", [(device.name, _device(device)) for device in devices]),
        ("Versions", [(name, _version(name)) for name in (*_PACKAGES, *_EXTRAS)]),
    ):
        _show(title, rows)
    out.print("[bold]What would run here[/]")
    print_models(outlooks(config.settings))
    out.print()
    problems = [str(problem) for problem in config.problems] + list(_model_problems(config, workspace))
    why = model.why_not_compiled()
    if why is not None:
        print_line(f"! {why}\n")
    for problem in problems:
        out.print(f"[bold red]✗[/] {escape(problem)}", highlight=False, soft_wrap=True)
    if problems:
        raise typer.Exit(1)
    out.print("[bold green]✓[/] Nothing to mend.")


def _show(title: str, rows: list[tuple[str, str]]) -> None:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, show_header=False)
    for row in rows:
        table.add_row(*map(escape, row))  # what is shown may have brackets of its own, as `.[gpu]`
    print_table(table)
    out.print()


def _machine(settings: Settings) -> list[tuple[str, str]]:
    return [
        ("system", f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("python", f"{platform.python_version()} ({sys.executable})"),
        ("threads", str(threads(settings))),
        ("products on the CPU", "by the C code" if model.is_compiled() else "by torch"),
        ("llama.cpp", _llama_cpp()),
        ("model cache", str(model.cache_folder())),
        ("where code goes", _destination(settings)),
        ("statistics", str(statistics_file()) if settings.statistics else "off"),
        ("one engine for all editors", _sharing(settings)),
    ]


def _sharing(settings: Settings) -> str:
    if not is_shared(settings):
        return "off: each editor's server holds the model itself"
    place = model.place_for_user()
    try:
        model.check_place(place)
        process = model.engine_status(place)
    except model.EngineUnreachable as error:
        return f"can't be had, each editor's server holds the model itself: {error}"
    if process is None:
        return f"none runs now; it would be at {place.folder}"
    return f"process {process.pid} runs ({len(process.host.clients)} connected); `seekline status` says more"


def _llama_cpp() -> str:
    if not model.has_llama_cpp():
        return "not installed: GGUF files of other architectures than Llama's do not run"
    return f"runs GGUF files on {', '.join(device.name for device in model.llama_cpp_devices())}"


def _destination(settings: Settings) -> str:
    try:
        return model.where_served(settings.remote_url) if settings.remote_url else "nowhere: it stays on this machine"
    except model.RemoteFailed as error:
        return str(error)


def _device(device: model.Device) -> str:
    return (
        f"{device.title}, {device.free_bytes / 1e9:.1f} of {device.total_bytes / 1e9:.1f} GB free, "
        f"fast in {device.fast_dtypes[0]}"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        extra = _EXTRAS.get(package, "gpu")
        return f"not installed (comes with the extra {extra}: `pipx install --force '.[{extra}]'` in the clone)"


def _model_problems(config: Config, workspace: Path) -> Iterator[str]:
    """What keeps the configured model from loading, short of loading it."""
    try:
        if config.settings.remote_url:
            _show_server(config)
            return
        plan = make_plan(config, learned_in(config.settings, workspace))
        prompt_config(model.info_of(plan, model.Tokenizer(plan.source.path)), config.settings)
        out.print(f"Model: {plan.summary}\n", markup=False, highlight=False, soft_wrap=True)
        if plan.notice is not None:
            yield plan.notice
    except (model.ModelError, InputError) as error:
        yield str(error)


def _show_server(config: Config) -> None:
    """Asks the server that the settings name what it is; nothing of any code is sent. Raises `ModelError`."""
    with ready_engine(config) as engine:
        info = engine.info().result()
        prompt_config(info, config.settings)
    out.print(f"Model: {info.summary}\n", markup=False, highlight=False, soft_wrap=True)
