"""What the engine process says about what it does: plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientStatus:
    """An editor that is connected. `since`: seconds of the epoch."""

    name: str
    pid: int
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """A model that some editor wants. `size_bytes`: in memory; `wanted_by`: how many editors."""

    name: str
    summary: str
    state: str
    size_bytes: int
    wanted_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStatus:
    """`memory_bytes`: of the whole process; `waiting`: requests that are not computed yet."""

    clients: tuple[ClientStatus, ...]
    models: tuple[ModelStatus, ...]
    memory_bytes: int
    waiting: int
