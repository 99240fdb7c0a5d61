"""A memory of what was read, that keeps what was used last and stays under a bound in bytes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, Protocol, TypeVar


class _Sized(Protocol):
    @property
    def size_bytes(self) -> int: ...


T = TypeVar("T", bound=_Sized)


class Memory(Generic[T]):
    """Values by path. The one used last stays whatever its size."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0
        self._values: OrderedDict[str, tuple[T, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, path: str) -> T | None:
        found = self._values.get(path)
        if found is None:
            return None
        self._values.move_to_end(path)
        return found[0]

    def put(self, path: str, value: T) -> None:
        """Keeps a value; again, once it has grown."""
        self.discard(path)
        size = value.size_bytes
        self._values[path] = (value, size)
        self.used_bytes += size
        while self.used_bytes > self.limit_bytes and len(self._values) > 1:
            self.discard(next(iter(self._values)))

    def discard(self, path: str) -> None:
        if path in self._values:
            self.used_bytes -= self._values.pop(path)[1]
