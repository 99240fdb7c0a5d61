"""Where settings come from, which one wins, and what is wrong with them.

From weak to strong: built-in defaults, the user's `seekline.toml`, the workspace's `seekline.toml`, the editor, the
command line. A wrong key or value is reported and its weaker setting stays; a file that is not TOML counts as empty.
A repository can bring a workspace's file and, for many editors, the editor's settings too: what these two may not set
(`settings.others_may`) is reported like a wrong value. A folder is relative to what names it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import ValidationError

from ... import fim, model
from ...model import outside
from ..workspace import canonical
from .field import NOTHING
from .in_words import expected
from .settings import Settings, editor_key, keys, others_may

FILE_NAME = "seekline.toml"
MAX_BYTES = 256_000
"""Of a file of settings."""
MAX_SETTINGS = 200
_SECTION = "seekline"
DEFAULT = "default"
# What an editor's client keeps in the same section for itself: how to start the server, how much to trace; and how one
# of Copilot's server introduces itself.
_CLIENTS_OWN = ("command", "trace", "editorInfo", "editorPluginInfo")
_FOLDERS = ("model", "draft_model", "adapter", "remote_tokenizer")
_PACKED = "packed_model"
_TRUSTED = "trust_remote_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong with the settings. `fatal`: a whole file could not be read."""

    source: str
    message: str
    fatal: bool = False

    def __str__(self) -> str:
        return f"{self.source}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsLayer:
    """The settings of one source that are right, snake_case; `problems` are the others. `own`: whether the source is
    the user's for certain."""

    source: str
    values: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()
    own: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The effective settings, and for each key the source that won. `by_others`: the keys that a workspace's file or an
    editor set."""

    settings: Settings
    sources: Mapping[str, str]
    problems: tuple[Problem, ...]
    by_others: frozenset[str]


def merge(layers: Iterable[SettingsLayer]) -> Config:
    """Settles the layers, the strongest last. Tables are merged entry by entry."""
    values: dict[str, Any] = {}
    sources = dict.fromkeys(keys(), DEFAULT)
    by_others: set[str] = set()
    problems: list[Problem] = []
    for layer in layers:
        problems += layer.problems
        for key, value in layer.values.items():
            if isinstance(value, Mapping):
                values[key] = {**values.get(key, {}), **value}
            elif others_may(key) == "add" and not layer.own:
                weaker = values.get(key, Settings.model_fields[key].default)
                values[key] = list(dict.fromkeys([*weaker, *value]))
            else:
                values[key] = value
            sources[key] = layer.source
            by_others.discard(key)
            if not layer.own:
                by_others.add(key)
    return Config(
        settings=Settings.model_validate(values),
        sources=sources,
        problems=tuple(problems),
        by_others=frozenset(by_others),
    )


def user_file() -> Path:
    return platformdirs.user_config_path("seekline", appauthor=False) / FILE_NAME


def file_layers(workspace: Path | None) -> list[SettingsLayer]:
    """The layers of the user's file and of the workspace's, where there are such files."""
    files = [(user_file(), True)]
    if workspace is not None:
        files.append((workspace / FILE_NAME, False))
    layers: list[SettingsLayer] = []
    for path, own in files:
        layer = read_file(path, own=own)
        if layer is not None:
            layers.append(_located(layer, path.parent))
    return layers


def _located(layer: SettingsLayer, base: Path | None) -> SettingsLayer:
    """The same with absolute paths of model folders, which the layer's source names relative to `base`, or to the
    current folder."""

    def absolute(name: str) -> str:
        # What follows `~` is expanded, and complained of, where the model is looked for.
        return str((base or Path.cwd()) / name) if model.is_path(name) and not name.startswith("~") else name

    values = dict(layer.values)
    for key in _FOLDERS:
        if key in values:
            values[key] = absolute(values[key])
    if values.get(_PACKED, NOTHING) != NOTHING and not values[_PACKED].startswith("~"):
        values[_PACKED] = str((base or Path.cwd()) / values[_PACKED])
    if _TRUSTED in values:
        values[_TRUSTED] = [_normal(absolute(name)) for name in values[_TRUSTED]]
    return replace(layer, values=values)


def _normal(name: str) -> str:
    """A folder's name without `~`, `.` and `..`. Links stay, and so match no model: who can change one could otherwise
    choose which code is trusted."""
    return os.path.normpath(os.path.expanduser(name)) if model.is_path(name) else name  # noqa: PTH111 - never raises


def read_file(path: Path, *, own: bool) -> SettingsLayer | None:
    """The layer of one TOML file; None where there is no file. `own`: whether it is the user's own."""
    if not own and path.is_symlink():  # it may lead to what is no one's settings, and would be shown as wrong ones
        problem = Problem(source=str(path), message="this is a link, which is not followed. Put the file itself there.")
        return SettingsLayer(source=str(path), values={}, problems=(problem,))
    if not os.path.lexists(path):
        return None
    try:
        raw = outside.read_toml(path, limit_bytes=MAX_BYTES)
        if len(raw) > MAX_SETTINGS:
            raise model.UnreadableFile(path, f"has {len(raw):,} settings; there are {len(keys())}")
    except model.UnreadableFile as error:
        problem = Problem(source=str(path), message=f"this {error.fault}. {error.remedy}", fatal=True)
        return SettingsLayer(source=str(path), values={}, problems=(problem,))
    return checked_layer(raw, source=str(path), names={key: key for key in keys()}, own=own)


def editor_layer(raw: object, *, source: str = "editor", workspace: Path | None = None) -> SettingsLayer:
    """The layer of an editor's JSON: an object of camelCase keys, or one that has it under `seekline`.

    A null means that the user has not set the key. Folders are relative to `workspace`, without one to the current one.
    """
    if isinstance(raw, Mapping) and isinstance(raw.get(_SECTION), Mapping):
        raw = raw[_SECTION]
    if raw is None:
        raw = {}
    if not isinstance(raw, Mapping):
        message = f"the settings must be an object, not {raw!r}."
        return SettingsLayer(source=source, values={}, problems=(Problem(source=source, message=message),), own=False)
    set_values = {key: value for key, value in raw.items() if value is not None and key not in _CLIENTS_OWN}
    layer = checked_layer(set_values, source=source, names={editor_key(key): key for key in keys()}, own=False)
    return _located(layer, workspace)


def checked_layer(raw: Mapping[str, Any], *, source: str, names: Mapping[str, str], own: bool) -> SettingsLayer:
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
    return SettingsLayer(source=source, values=values, problems=tuple(problems), own=own)


def _wrong(name: str, key: str, value: Any, own: bool) -> str | None:
    """What is wrong with a value; None where it is right."""
    if others_may(key) == "nothing" and not own:
        option = key.replace("_", "-")
        return (
            f"{name} is ignored here, since a repository could set it. Set {key} in your own {user_file()}, or start "
            f"the server with --{option}."
        )
    try:
        Settings.model_validate({key: value})
    except ValidationError:
        return f"{name} must be {expected(key)}, not {_shown(value)}."
    if others_may(key) == "add" and not own:
        lifting = [one for one in value if one.strip().startswith("!")]
        if lifting:
            return f"{name} may only add here, and {_shown(lifting[0])} takes away. Set it in your own {user_file()}."
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


def command_line_layer(options: Mapping[str, Any]) -> SettingsLayer:
    """The layer of the options given on the command line; None means not given."""
    given = {key: value for key, value in options.items() if value is not None}
    layer = checked_layer(given, source="command line", names={key: key for key in keys()}, own=True)
    return _located(layer, None)


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
