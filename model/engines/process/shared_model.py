"""What is wanted of the engine process."""

from __future__ import annotations

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
    """The same for a process in another folder, and equal to what another editor's process says of the same model."""
    request, base = local.request, local.base
    return replace(
        local,
        base=Path(base.absolute().anchor),
        request=replace(
            request,
            model=_absolute(request.model, base),
            draft_model=_absolute(request.draft_model, base),
            adapter=_absolute(request.adapter, base),
            packed=None if request.packed is None else (base / request.packed).absolute(),
            trusted=sorted(request.trusted),
            agreed=None,
        ),
    )


def _absolute(name: str, base: Path) -> str:
    """A path that is relative to `base`, or to a home, as it is from anywhere; a name stays one."""
    return str((base / Path(name).expanduser()).absolute()) if is_path(name) else name
