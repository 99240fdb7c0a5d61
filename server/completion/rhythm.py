"""How long to wait for a pause in typing before the model is asked: by how fast the user types, and how fast it is."""

from __future__ import annotations

from collections import deque
from statistics import median

_KEYS = 20
_LONGEST_INTERVAL_S = 1.0  # longer is a pause
_COMPLETIONS = 8
_SHARE = 0.25
_BETWEEN_KEYS = 1.25
_MOST_S = 0.15


class Rhythm:
    """The latest keys and completions. Times are in seconds of one clock that never goes back."""

    def __init__(self) -> None:
        self._intervals_s: deque[float] = deque(maxlen=_KEYS)
        self._took_s: deque[float] = deque(maxlen=_COMPLETIONS)
        self._last_key_s: float | None = None

    def key(self, now_s: float) -> None:
        """A key was pressed."""
        if self._last_key_s is not None and now_s - self._last_key_s < _LONGEST_INTERVAL_S:
            self._intervals_s.append(now_s - self._last_key_s)
        self._last_key_s = now_s

    def took(self, seconds: float) -> None:
        """A completion was computed in so many seconds."""
        self._took_s.append(seconds)

    @property
    def pause_s(self) -> float:
        """A quarter of what a completion takes: whoever stops typing waits that much longer at the most, and whoever
        types on, faster than that, does not have the device start in vain. No longer than until the next key is due."""
        if not self._took_s:
            return 0.0
        wait_s = _SHARE * median(self._took_s)
        if self._intervals_s:
            wait_s = min(wait_s, _BETWEEN_KEYS * median(self._intervals_s))
        return min(wait_s, _MOST_S)
