"""From the setting `model` to a folder or a file on this machine, and whether it may be loaded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import BrokenCheckpoint, ModelError, ModelNotInstalled, PathNotAgreed, UnknownModel
from . import hub
from .catalogue import (
    EMBEDDED,
    Entry,
    all_entries,
    entry_of_repository,
    entry_of_series,
    nearest_names,
    published_in,
)
from .checkpoint import is_weights_file
from .published import PublishedWeights, WeightsFormat
from .wanted import ANY, HubName, WantedWeights, hub_name, quantization_of_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A model on this machine. `name`: its catalogue name, repository or absolute path. `path`: its folder, or the one
    file that has its weights. `entry`: of the catalogue, if any. `format`: as far as its name tells. `quantization`: of
    a GGUF file, by its name."""

    name: str
    path: Path
    entry: Entry | None
    format: WeightsFormat = "safetensors"
    quantization: str | None = None

    @property
    def folder(self) -> Path:
        """Where what belongs to the weights lies beside them."""
        return self.path.parent if is_weights_file(self.path) else self.path

    @property
    def is_path(self) -> bool:
        """Whether it was named as a path, and is not from the catalogue or the hub."""
        return self.name == str(self.path)


def embedded_folder() -> Path:
    return Path(__file__).parents[1] / "embedded"


def name_of_path(path: Path) -> str:
    """What `find_source` finds a folder or file by: a catalogue name, a repository, or the path itself."""
    if path == embedded_folder().resolve():
        return EMBEDDED
    repository = hub.repository_of(path)
    if repository is None:
        return str(path)
    entry = entry_of_repository(repository)
    return entry.name if entry else repository


def find_source(model: str, *, base: Path) -> Source:
    """The first of what `find_sources` finds. Raises what that raises."""
    return find_sources(model, base=base)[0]


def find_sources(model: str, *, base: Path, weights: WantedWeights = ANY) -> list[Source]:
    """All formats and quantizations in which the model that `model` names is on this machine, at least one: a catalogue
    name, a series and size (`deepseek-coder:6.7`), `owner/name[@revision]`, of whose files `owner/name:Q4_K_M` and
    `owner/name/file.gguf` name one, a folder, or a file of weights.

    These are written as paths (`./folder`, `~/model.gguf`, `/folder`), relative to `base`: a folder that a workspace
    happens to have can never stand in for a repository of the same name.

    Raises `UnknownModel`, `ModelNotInstalled`, or `BrokenCheckpoint` where its download is incomplete.
    """
    entry = entry_named(model)
    if entry is not None:
        return _of_entry(entry, weights)
    if is_path(model):
        path = canonical_path(model, base=base)
        return [_of_path(str(path), path, None)]
    name = hub_name(model)
    if name is not None:
        return _of_repository(model, name, name.narrowed(weights))
    raise no_such_model(model)


def entry_named(model: str) -> Entry | None:
    """The entry of the catalogue with this name, or with this series and size."""
    entry = all_entries().get(model)
    series, colon, size = model.partition(":")
    return entry_of_series(series, size) if entry is None and colon else entry


def canonical_path(path: str, *, base: Path) -> Path:
    """The folder or file of weights that `path`, relative to `base`, leads to, without a link in its own path.

    Raises `UnknownModel` where there is none.
    """
    remedy = "Name a folder that holds config.json, or a .gguf or .safetensors file."
    try:
        found = (base / Path(path).expanduser()).resolve()
        is_folder, is_file = found.is_dir(), found.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a loop of links, no such user, a null character
        raise UnknownModel(f"{path!r} cannot be a model: {error}.", remedy) from error
    if not is_folder and not is_file:
        raise UnknownModel(f"There is no folder or file {found}.", remedy)
    if is_file and not is_weights_file(found):
        raise UnknownModel(f"{found} is neither a folder nor a .gguf or .safetensors file.", remedy)
    return found


def check_agreed(source: Source, agreed: Collection[Path] | None) -> Source:
    """`source`, where it may be loaded: `agreed`: what may, by canonical paths; None: all.

    What is checked is what will be opened, so a link that changes in between changes nothing. Raises
    `PathNotAgreed`.
    """
    if agreed is None or not source.is_path or source.path in agreed:
        return source
    raise PathNotAgreed(source.path)


def no_such_model(name: str) -> UnknownModel:
    """The error for a name that is neither in the catalogue nor a repository's or a path."""
    near = nearest_names(name)
    return UnknownModel(
        f"There is no model named {name!r}.",
        (f"Did you mean {' or '.join(near)}? " if near else "")
        + "`seekline models list` shows the names; owner/name, ./folder and ./file.gguf work too.",
    )


def installed_entries(weights: WantedWeights = ANY) -> list[Source]:
    """The catalogue's models that are whole on this machine, in each format in which they are, the best model first;
    the embedded one always is."""
    there = {one.repository.lower() for one in hub.installed()}
    found: list[Source] = []
    for entry in all_entries().values():
        if entry.repository is None or any(one.repository.lower() in there for one in entry.weights):
            try:
                found += _of_entry(entry, weights)
            except (ModelNotInstalled, BrokenCheckpoint):
                continue
    return found


def published_sources(entry: Entry, weights: WantedWeights = ANY) -> list[Source]:
    """Every format and quantization in which a model is published, as if it were here; last what may be a pickle."""
    if entry.name == EMBEDDED:
        return [Source(name=entry.name, path=embedded_folder(), entry=entry)]
    found: list[Source] = []
    for published in sorted(entry.weights, key=lambda one: one.pickled):
        for quantization in published.sizes if published.format == "gguf" else (None,):
            if weights.admits(published, quantization):
                file = None if quantization is None else published.file(quantization)
                path = Path(published.repository, file or "")
                source = Source(name=entry.name, path=path, entry=entry, format=published.format)
                found.append(replace(source, quantization=quantization))
    return found


def published_of(source: Source) -> PublishedWeights | None:
    """Where the catalogue says that a source is published; None for what it does not know."""
    for published in source.entry.weights if source.entry is not None else ():
        if published.format == source.format and source.quantization in (None, *published.sizes):
            return published
    return None


def _of_entry(entry: Entry, weights: WantedWeights) -> list[Source]:
    if entry.name == EMBEDDED:
        return [Source(name=entry.name, path=embedded_folder(), entry=entry)]
    found: list[Source] = []
    problem: ModelError | None = None
    for published in entry.weights:
        if weights.format not in ("auto", published.format):
            continue
        repository = HubName(repository=published.repository, revision=entry.revision)
        try:
            found += _of_repository(entry.name, repository, replace(weights, format=published.format))
        except BrokenCheckpoint as error:
            problem = error  # what is half there matters more than what is not
        except ModelNotInstalled as error:
            problem = problem or error
    if found:
        return found
    if isinstance(problem, BrokenCheckpoint):
        raise problem
    which = f" as {weights}" if weights != ANY else ""
    raise ModelNotInstalled(
        f"{entry.name} is not on this machine{which}.", f"Run: {download_command(entry.name, weights)}."
    )


def _of_repository(name: str, wanted: HubName, weights: WantedWeights) -> list[Source]:
    """What of a repository is in the cache. Raises what `find_sources` raises."""
    known = published_in(wanted.repository)
    entry = known[0] if known else None
    folder = hub.snapshot_folder(wanted.repository, wanted.revision)
    files = hub.gguf_files(folder)
    only_gguf = bool(files) and not any(folder.glob("*.safetensors"))
    found: list[Source] = []
    if weights.quantization is None and weights.file is None and weights.format != "gguf" and not only_gguf:
        format = known[1].format if known else "safetensors"
        path = hub.snapshot(wanted.repository, wanted.revision)
        found.append(Source(name=name, path=path, entry=entry, format=format))
    if weights.format not in ("auto", "gguf"):
        return found
    for file in files:
        source = _of_path(name, file, entry)
        if weights.quantization in (None, source.quantization) and weights.file in (None, _within(file, folder)):
            found.append(source)
    if found:
        return found
    there = ", ".join(_within(file, folder) for file in files) or "none"
    raise ModelNotInstalled(
        f"{wanted.repository} is here, but not as {weights}: of its GGUF files {there}.",
        f"Run: {download_command(name, weights)}.",
    )


def _of_path(name: str, path: Path, entry: Entry | None) -> Source:
    if path.suffix.lower() != ".gguf":
        return Source(name=name, path=path, entry=entry)
    return Source(name=name, path=path, entry=entry, format="gguf", quantization=quantization_of_file(path.name))


def _within(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()


def download_command(name: str, weights: WantedWeights = ANY) -> str:
    """What to type in a shell to get a model in some format."""
    options = "" if weights.format == "auto" else f" --format {weights.format}"
    options += "" if weights.quantization is None else f" --quantization {weights.quantization.lower()}"
    return f"seekline models download {name}{options}"


def is_path(model: str) -> bool:
    """Whether a model is named as a path to a folder or a file."""
    return model.startswith((".", "/", "~")) or "\\" in model or model[1:2] == ":"
