"""What happened to the paths of a root, noted on any thread, to be looked into at the root's next use."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from .exclusions import defaults

MAX_EVENTS = 2000
"""With more of them waiting, the root is listed anew: that takes no longer."""


class PathEvents:
    """`all_stale`: more happened than single events tell, and the whole root is to be listed anew."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, bool]] = deque()
        self.all_stale = True

    def note(self, path: str, *, appeared: bool) -> None:
        """Something happened to a path on the disk ("": the root). `appeared`: it is new there."""
        name = path.rpartition("/")[2]
        speaks_of_others = name in defaults().ignore_files or name in defaults().marks or path == ".git/info/exclude"
        if not path or speaks_of_others or len(self._waiting) >= MAX_EVENTS:
            self.all_stale = True
        else:
            self._waiting.append((path, appeared))

    def take(self) -> Iterator[tuple[str, bool]]:
        while self._waiting:
            yield self._waiting.popleft()

    def clear(self) -> None:
        """The whole root is listed."""
        self.all_stale = False
        self._waiting.clear()
