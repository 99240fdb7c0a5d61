"""Where a text ends for the client: before the first of its stop strings, also where pieces divide one."""

from __future__ import annotations

from collections.abc import Sequence


class StopStrings:
    """What of a text that comes piece by piece may be shown. Empty strings stop nothing."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.found: str | None = None
        """The one that has come."""

    def feed(self, text: str) -> str:
        """What of it is certain by now; nothing more once a stop string has come."""
        if self.found is not None:
            return ""
        self._held += text
        places = [(place, stop) for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if places:
            place, self.found = min(places)
            shown, self._held = self._held[:place], ""
            return shown
        keep = max((self._begun(stop) for stop in self._stops), default=0)
        cut = len(self._held) - keep
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown

    def finish(self) -> str:
        """What was held back, as no stop string came of it."""
        held, self._held = self._held, ""
        return held

    def _begun(self, stop: str) -> int:
        """How much of the end may be the start of `stop`."""
        longest = min(len(stop) - 1, len(self._held))
        return next((size for size in range(longest, 0, -1) if self._held.endswith(stop[:size])), 0)
