"""Who a client of the engine process is, for status and logs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientName:
    """`name`: of the editor, as it calls itself; `pid`: of the process that connects. Both are what it says."""

    name: str
    pid: int
