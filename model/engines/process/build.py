"""Which code runs: what an editor and the engine process must agree on before they talk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

VERSION = "0.1.0"
"""Of Seekline. The server's `version` says the same; a test compares them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """`version`: of the release. `changed_ns`: when the newest file of the code was written, by the system's clock: it
    tells two installations of the same release in the same place from each other."""

    version: str
    changed_ns: int

    def is_newer_than(self, other: Build) -> bool:
        return self._key() > other._key()

    def _key(self) -> tuple[list[int], int]:
        return [int(part) if part.isdecimal() else 0 for part in self.version.split(".")], self.changed_ns


def _newest_change_ns(folder: str) -> int:
    newest = 0
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            newest = max(newest, _newest_change_ns(entry.path))
        elif entry.name.endswith(".py"):
            newest = max(newest, entry.stat().st_mtime_ns)
    return newest


# Read when this is imported: what is on the disk later may be newer than what runs.
BUILD = Build(version=VERSION, changed_ns=_newest_change_ns(str(Path(__file__).parents[2])))
