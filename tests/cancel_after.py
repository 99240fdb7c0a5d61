"""A cancel that comes at a place, not at a time."""

from threading import Event


class CancelAfter(Event):
    """Is set once it has been looked at `looks` times."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._looks = looks

    def is_set(self) -> bool:
        self._looks -= 1
        return self._looks < 0
