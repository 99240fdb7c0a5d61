"""What an engine process says about itself to who asks."""

from __future__ import annotations

from dataclasses import dataclass

from .messages import HostStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStatus:
    """`since`: when it started, in seconds of the epoch. `keep_s`: how long it stays once nobody is connected; None:
    for ever."""

    pid: int
    version: str
    since: float
    keep_s: float | None
    host: HostStatus
