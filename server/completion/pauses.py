"""Where the user has no completions for now, unless invoked: everywhere, in a language or in a file; for good or for a
while."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from time import monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is paused: a document or a language; everything where neither is named."""

    uri: str | None = None
    language: str | None = None


class Pauses:
    """What is paused until when. It is gone with the server."""

    def __init__(self) -> None:
        self._until_s: dict[Scope, float] = {}

    def pause(self, scope: Scope, minutes: float | None = None) -> None:
        """None: until it is resumed."""
        self._until_s[scope] = inf if minutes is None else monotonic() + 60 * minutes

    def resume(self, scope: Scope) -> None:
        """Ends the pause of a scope; that of everything ends all."""
        if scope == Scope():
            self._until_s.clear()
        self._until_s.pop(scope, None)

    @property
    def everywhere(self) -> bool:
        return self._holds(Scope())

    def hold(self, uri: str, language: str | None) -> bool:
        """Whether there are to be no completions in a document."""
        return self.everywhere or self._holds(Scope(uri=uri)) or self._holds(Scope(language=language))

    def _holds(self, scope: Scope) -> bool:
        until_s = self._until_s.get(scope)
        if until_s is None:
            return False
        if until_s > monotonic():
            return True
        del self._until_s[scope]
        return False
