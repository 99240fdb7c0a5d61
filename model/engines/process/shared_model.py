"""What is wanted of the engine process."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ...catalogue.sources import is_path
from ..wanted import LocalModel
from .client_name import ClientName
from .place import EnginePlace


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedModel:
    """A model in the process that all editors of the user share; see `rendezvous.find_or_start` for `place`, `client`,
    `keep_s` and `memory_bytes`."""

    local: LocalModel
    place: EnginePlace
    client: ClientName
    keep_s: float | None
    memory_bytes: int | None = None


def as_anywhere(local: LocalModel) -> LocalModel:
    """The same for a process in another folder, and equal to what another editor's process says of the same model. No
    disk is looked at."""
    base = os.path.abspath(local.base)  # noqa: PTH100 - as all below: names may be no paths at all, and nothing raises

    def absolute(name: str) -> str:
        return os.path.abspath(os.path.join(base, os.path.expanduser(name)))  # noqa: PTH100, PTH111, PTH118

    return _with_paths(local, absolute)


def without_links(local: LocalModel) -> LocalModel:
    """The same by where its paths lead now: whoever says so when they lead elsewhere wants another model. It may wait
    for a disk."""

    def canonical(name: str) -> str:
        try:
            return os.path.realpath(name)
        except ValueError:  # no path at all, which is told when it is looked for
            return name

    return _with_paths(local, canonical)


def _with_paths(local: LocalModel, change: Callable[[str], str]) -> LocalModel:
    request = local.request
    return replace(
        local,
        base=Path(local.base.absolute().anchor),
        request=replace(
            request,
            model=_changed(request.model, change),
            draft_model=_changed(request.draft_model, change),
            adapter=_changed(request.adapter, change),
            packed=None if request.packed is None else Path(change(str(request.packed))),
            trusted=sorted(request.trusted),
            agreed=None,
        ),
    )


def _changed(name: str, change: Callable[[str], str]) -> str:
    """What names a model in the catalogue or on the hub stays."""
    return change(name) if is_path(name) else name
