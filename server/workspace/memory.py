"""The one bounded memory of a root: what was read of its files, and what was made of that. What was used last stays."""

from __future__ import annotations

from collections import OrderedDict
from threading import RLock
from typing import Any, Protocol

FILE = ""
"""The kind of the file itself, as it was read."""


class _Sized(Protocol):
    @property
    def size_bytes(self) -> int: ...


class Memory:
    """Values by path and kind. Any thread may ask.

    Values grow while they are kept, as more is made of a file: who has seen one grow puts it there again. The one used
    last stays whatever its size.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0
        self._lock = RLock()
        self._values: OrderedDict[tuple[str, str], tuple[Any, int]] = OrderedDict()
        self._kinds: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def get(self, path: str, kind: str = FILE) -> Any | None:
        with self._lock:
            found = self._values.get((path, kind))
            if found is None:
                return None
            self._values.move_to_end((path, kind))
            return found[0]

    def put(self, path: str, kind: str, value: _Sized) -> None:
        """Keeps a value; again, once it has grown."""
        with self._lock:
            size = value.size_bytes
            known = self._values.get((path, kind))
            if known is not None and known[0] is value and known[1] == size:
                self._values.move_to_end((path, kind))
                return
            self._drop(path, kind)
            self._values[path, kind] = value, size
            self._kinds.setdefault(path, set()).add(kind)
            self.used_bytes += size
            while self.used_bytes > self.limit_bytes and len(self._values) > 1:
                self._drop(*next(iter(self._values)))

    def discard(self, path: str) -> None:
        """Drops a file, and all that is kept for it."""
        with self._lock:
            for kind in list(self._kinds.get(path, ())):
                self._drop(path, kind)

    def discard_made(self, path: str) -> None:
        """Drops what was made for a file as the one under the cursor; the file itself stays."""
        with self._lock:
            for kind in self._kinds.get(path, set()) - {FILE}:
                self._drop(path, kind)

    def _drop(self, path: str, kind: str) -> None:
        found = self._values.pop((path, kind), None)
        if found is None:
            return
        self.used_bytes -= found[1]
        self._kinds[path].discard(kind)
        if not self._kinds[path]:
            del self._kinds[path]
