"""Where settings come from, which one wins, and what is wrong with them.

From weak to strong: built-in defaults, the user's `seekline.toml`, the workspace's `seekline.toml`, the editor, the
command line. A wrong key or value is reported and its weaker setting stays; a file that is not TOML counts as empty.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
import tomli
from pydantic import ValidationError

from .. import fim
from .settings import Settings, editor_key, expected, is_user_only, keys
from .workspace import canonical

FILE_NAME = "seekline.toml"
_SECTION = "seekline"
DEFAULT = "default"
# What an editor's client keeps in the same section for itself: how to start the server, how much to trace.
_CLIENTS_OWN = ("command", "trace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong with the settings. `fatal`: a whole file could not be read."""

    source: str
    message: str
    fatal: bool = False

    def __str__(self) -> str:
        return f"{self.source}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """The settings of one source that are right, snake_case; `problems` are the others."""

    source: str
    values: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The effective settings, and for each key the source that won."""

    settings: Settings
    sources: Mapping[str, str]
    problems: tuple[Problem, ...]


def merge(layers: Iterable[Layer]) -> Config:
    """Settles the layers, the strongest last. Tables are merged entry by entry."""
    values: dict[str, Any] = {}
    sources = dict.fromkeys(keys(), DEFAULT)
    problems: list[Problem] = []
    for layer in layers:
        problems += layer.problems
        for key, value in layer.values.items():
            values[key] = {**values.get(key, {}), **value} if isinstance(value, Mapping) else value
            sources[key] = layer.source
    return Config(settings=Settings.model_validate(values), sources=sources, problems=tuple(problems))


def user_file() -> Path:
    return platformdirs.user_config_path("seekline", appauthor=False) / FILE_NAME


def file_layers(workspace: Path | None) -> list[Layer]:
    """The layers of the user's file and of the workspace's, where there are such files."""
    layers = [read_file(user_file(), own=True)]
    if workspace is not None:
        layers.append(read_file(workspace / FILE_NAME, own=False))
    return [layer for layer in layers if layer is not None]


def read_file(path: Path, *, own: bool) -> Layer | None:
    """The layer of one TOML file; None where there is no file. `own`: whether it is the user's own."""
    if not own and path.is_symlink():  # it may lead to what is no one's settings, and would be shown as wrong ones
        problem = Problem(source=str(path), message="this is a link, which is not followed. Put the file itself there.")
        return Layer(source=str(path), values={}, problems=(problem,))
    if not path.is_file():
        return None
    try:
        raw = tomli.loads(path.read_text("utf-8-sig"))
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        problem = Problem(source=str(path), message=f"this is not TOML: {error}. Mend the file.", fatal=True)
        return Layer(source=str(path), values={}, problems=(problem,))
    except OSError as error:
        problem = Problem(source=str(path), message=f"this cannot be read: {error.strerror}.", fatal=True)
        return Layer(source=str(path), values={}, problems=(problem,))
    return checked_layer(raw, source=str(path), names={key: key for key in keys()}, own=own)


def editor_layer(raw: object, *, source: str = "editor") -> Layer:
    """The layer of an editor's JSON: an object of camelCase keys, or one that has it under `seekline`.

    A null means that the user has not set the key.
    """
    if isinstance(raw, Mapping) and isinstance(raw.get(_SECTION), Mapping):
        raw = raw[_SECTION]
    if raw is None:
        raw = {}
    if not isinstance(raw, Mapping):
        message = f"the settings must be an object, not {raw!r}."
        return Layer(source=source, values={}, problems=(Problem(source=source, message=message),))
    set_values = {key: value for key, value in raw.items() if value is not None and key not in _CLIENTS_OWN}
    return checked_layer(set_values, source=source, names={editor_key(key): key for key in keys()}, own=True)


def checked_layer(raw: Mapping[str, Any], *, source: str, names: Mapping[str, str], own: bool) -> Layer:
    """Sorts `raw` into values and problems. `names`: from the spelling of this source to the settings' keys."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in raw.items():
        key = names.get(name)
        message = _unknown(name, "setting", names) if key is None else _wrong(name, key, value, own)
        if key is not None and message is None:
            values[key] = value
        elif message is not None:
            problems.append(Problem(source=source, message=message))
    return Layer(source=source, values=values, problems=tuple(problems))


def _wrong(name: str, key: str, value: Any, own: bool) -> str | None:
    """What is wrong with a value; None where it is right."""
    if is_user_only(key) and not own:
        return f"{name} is ignored here: only your own settings may change it ({user_file()}, or the editor's)."
    try:
        Settings.model_validate({key: value})
    except ValidationError:
        return f"{name} must be {expected(key)}, not {_shown(value)}."
    if key == "languages":
        strangers = [one for one in value if one != "*" and fim.language_named(one) is None]
        if strangers:
            return _unknown(strangers[0], "language", fim.language_names())
    return None


def _unknown(name: str, kind: str, known: Iterable[str]) -> str:
    spelling = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), spelling, n=1, cutoff=0.4)
    hint = f"Did you mean {spelling[near[0]]}?" if near else "`seekline config` lists the settings."
    return f"there is no {kind} {name!r}. {hint}"


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)


def command_line_layer(options: Mapping[str, Any]) -> Layer:
    """The layer of the options given on the command line; None means not given."""
    given = {key: value for key, value in options.items() if value is not None}
    return checked_layer(given, source="command line", names={key: key for key in keys()}, own=True)


_ROOTS = (FILE_NAME, ".git", ".hg")
_MANIFESTS = ("pyproject.toml", "setup.py", "package.json", "go.mod", "Cargo.toml", "pom.xml", "composer.json")


def workspace_of(path: Path) -> Path:
    """The workspace that a file on the command line belongs to.

    The nearest folder above it with a `seekline.toml` or a repository; else the current folder, where that is above
    it; else the outermost one with a project's manifest; else the file's own.
    """
    folder, here = canonical(path).parent, canonical(Path.cwd())
    above = (folder, *folder.parents)
    for up in above:
        if any((up / name).exists() for name in _ROOTS):
            return up
    if here in above and here not in (Path.home(), *Path.home().parents):
        return here
    return next((up for up in reversed(above) if any((up / name).exists() for name in _MANIFESTS)), folder)
