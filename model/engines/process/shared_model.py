"""What an editor asks of the engine process that its user's editors share."""

from __future__ import annotations

from dataclasses import dataclass

from ..loader import LocalModel
from .client_name import ClientName
from .place import EnginePlace


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedModel:
    """`local`: what is to be loaded there, or in this process where there can be no other. `keep_s`: how long the
    process stays once nobody is connected; None: for ever. `memory_bytes`: how much its models may take together; None:
    what is free."""

    local: LocalModel
    place: EnginePlace
    client: ClientName
    keep_s: float | None
    memory_bytes: int | None
