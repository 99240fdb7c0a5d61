"""`seekline models download`: a model's way from the hub onto this machine."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ... import model
from ..engines import model_request
from ..errors import BadRequest
from ..settings.settings import Settings
from .console import err, print_line
from .effective import load_config
from .options import FormatOption, QuantizationOption
from .outlook import size

NameArgument = Annotated[
    str,
    typer.Argument(help="A name from `models list`, owner/name[@revision], owner/name:Q4_K_M or owner/name/file.gguf."),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Agree without being asked.")]
ForceOption = Annotated[bool, typer.Option("--force", "--force-download", help="Fetch again what is here already.")]


def download(
    name: NameArgument,
    format: FormatOption = None,
    quantization: QuantizationOption = None,
    force: ForceOption = False,
    yes: YesOption = False,
) -> None:
    """Fetch a model from the Hugging Face hub, once its licence is agreed to: in the format that suits this machine,
    where none is named."""
    settings = load_config(Path.cwd(), model_format=format, quantization=quantization).settings
    request = replace(model_request(settings), model=name)
    wanted, entry = on_hub(name)
    file = wanted.file
    if entry is not None:
        source = model.best_published(entry, replace(request, weights=_admitted(name, wanted, request.weights)))
        wanted, file = _published(source, wanted)
        _print_licence(entry, source)
    else:
        err.print(
            f"The licence of {wanted.repository} is at https://huggingface.co/{wanted.repository}", highlight=False
        )
    if not settings.offline:
        agree("Do you agree to it?", yes)
    if entry is None:
        file = _file_of(wanted, request, settings)
    path = model.download(wanted.repository, wanted.revision, offline=settings.offline, file=file, force=force)
    model.inspect(path)
    print_line(f"{name} is ready: {path}")


def on_hub(name: str) -> tuple[model.HubName, model.Entry | None]:
    """The repository that `name` stands for, and the catalogue's entry that it is of. Raises `UnknownModel`."""
    entry = model.entry_named(name)
    if entry is not None:
        if entry.repository is None:
            raise BadRequest(f"{name} comes with Seekline.", "There is nothing to download or to remove.")
        return model.HubName(repository=entry.repository, revision=entry.revision), entry
    found = None if model.is_path(name) else model.hub_name(name)
    if found is None:
        raise model.no_such_model(name)
    known = model.published_in(found.repository)
    return found, None if known is None else known[0]


def agree(question: str, yes: bool) -> None:
    """Raises `BadRequest` where nobody can be asked, `typer.Abort` where the answer is no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadRequest("Nobody is here to be asked.", "Add --yes to agree.")
    typer.confirm(question, abort=True, err=True)


def _admitted(name: str, wanted: model.HubName, weights: model.WantedWeights) -> model.WantedWeights:
    """What of a model's formats is wanted: where a repository is named, its own."""
    narrowed = wanted.narrowed(weights)
    known = model.published_in(wanted.repository)
    if model.entry_named(name) is not None or known is None:
        return narrowed
    return replace(narrowed, format=known[1].format)


def _published(source: model.Source, wanted: model.HubName) -> tuple[model.HubName, str | None]:
    """The repository that has a format, and the file in it; at the revision that is wanted, where it was named."""
    published = model.published_of(source)
    assert published is not None
    file = None if source.quantization is None else published.file(source.quantization)
    if published.repository.lower() == wanted.repository.lower():
        return wanted, file
    return model.HubName(repository=published.repository), file


def _print_licence(entry: model.Entry, source: model.Source) -> None:
    """The licence of the model: whoever quantized it passes it on."""
    licence = entry.licence
    bytes = size(model.published_bytes(source))
    err.print(
        f"[bold]{entry.name}[/] as {model.label(source)} ({bytes}) is under the {licence.title}.",
        highlight=False,
        soft_wrap=True,
    )
    err.print(f"{licence.summary}\n{licence.url}", highlight=False)


def _file_of(wanted: model.HubName, request: model.ModelRequest, settings: Settings) -> str | None:
    """The GGUF file that is wanted of a repository which the catalogue does not know; None for all files, where it has
    safetensors and no GGUF file is asked for. Raises `DownloadFailed`."""
    weights = wanted.narrowed(request.weights)
    if weights.file is not None:
        return weights.file
    files = model.remote_files(wanted.repository, wanted.revision, offline=settings.offline)
    has_safetensors = any(name.endswith(".safetensors") for name in files)
    if weights.format != "gguf" and weights.quantization is None and has_safetensors:
        return None
    sources = _sources(wanted.repository, files, weights)
    if not sources and (weights.format == "gguf" or weights.quantization is not None):
        raise model.DownloadFailed(
            f"{wanted.repository} has no file as {weights}.", f"See https://huggingface.co/{wanted.repository}."
        )
    if not sources:
        return None
    device = model.find_device(request.device)
    chosen = model.by_preference([one for one, bytes in sources.items() if bytes < device.free_bytes], device)
    source = chosen[0] if chosen else min(sources, key=lambda one: sources[one])
    return source.path.as_posix()


def _sources(repository: str, files: Mapping[str, int], weights: model.WantedWeights) -> dict[model.Source, int]:
    """The GGUF files that are admitted, as sources, and their bytes."""
    found: dict[model.Source, int] = {}
    for name in files:
        if not name.lower().endswith(".gguf") or model.is_later_part(name):
            continue
        quantization = model.quantization_of_file(name)
        if weights.quantization in (None, quantization):
            source = model.Source(
                name=repository, path=Path(name), entry=None, format="gguf", quantization=quantization
            )
            found[source] = sum(files.get(part, 0) for part in model.parts_of_file(name))
    return found
