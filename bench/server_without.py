"""The language server with one of its parts switched off, to learn what the part brings:
`python bench/server_without.py PART serve ...`.

A part that has a setting is switched off by it; of others, a function is replaced before the server starts.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Patch = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """`settings`: an editor's, which switch it off; `patch`: what else does, in the server's process."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    patch: Patch | None = None


def _replaced(module: str, name: str, made: Callable[[Any], Any]) -> None:
    """Puts what is made of a module's attribute, or of a class's as CLASS.NAME, in its place; it must be there."""
    owner: Any = importlib.import_module(f"seekline.{module}")
    *path, name = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    setattr(owner, name, made(getattr(owner, name)))


def _config(**changes: Any) -> Patch:
    """The prompt's config with these values, whatever the model."""

    def patch() -> None:
        def made(prompt_config: Any) -> Any:
            return lambda *given, **named: replace(prompt_config(*given, **named), **changes)

        _replaced("server.session", "prompt_config", made)

    return patch


def _stop_at_line_ends() -> None:
    class AtLineEnd:
        """In the place of the stop rule: the end of the first line that says anything."""

        meets_after = False

        def __init__(self, rule: Any) -> None:
            self._text = ""
            self.end: int | None = None

        def add(self, text: str) -> int | None:
            self._text += text
            start = len(self._text) - len(self._text.lstrip())
            end = self._text.find("\n", start)
            self.end = None if end < 0 else end
            return self.end

        def finish(self) -> int:
            return len(self._text) if self.end is None else self.end

    _replaced("fim.completion.output", "Stopping", lambda _: AtLineEnd)


def _always(module: str, name: str, result: Any) -> Patch:
    return lambda: _replaced(module, name, lambda _: lambda *given, **named: result)


def _exact_only() -> None:
    """The cache without what was typed along."""

    def made(get: Any) -> Any:
        def exact(*given: Any, **named: Any) -> Any:
            found = get(*given, **named)
            return found if found is not None and found.source == "cache" else None

        return exact

    _replaced("server.completion.cache", "CompletionCache.get", made)


def _unfiltered() -> None:
    for filters in ("WRITTEN", "ENDED", "MEETING"):
        _replaced("fim.completion.output", filters, lambda _: ())


PARTS: Mapping[str, Part] = {
    "healing": Part(patch=_config(healing=False)),
    "names that exist": Part(patch=_config(guided=False)),
    "search": Part(patch=_config(line_search=False)),
    "gate": Part(settings={"leastProbability": 0.0}),
    "copies": Part(settings={"copies": False}),
    "stop rule": Part(patch=_stop_at_line_ends),
    "filters": Part(patch=_unfiltered),
    "worth": Part(patch=_always("fim", "worth_showing", result=True)),
    "trigger": Part(patch=_always("fim", "worth_asking", result=True)),
    "cache": Part(patch=_always("server.completion.cache", "CompletionCache.get", result=None)),
    "typed through": Part(patch=_exact_only),
    "taking over": Part(patch=_always("server.completion.in_flight", "InFlight.serving", result=None)),
    "looking ahead": Part(settings={"lookAhead": False}),
    "debounce": Part(settings={"debounceMs": 0}),
}


def main() -> None:
    del sys.path[0]  # this folder, whose modules are none of the server's
    part = sys.argv.pop(1)
    patch = PARTS[part].patch
    if patch is not None:
        patch()
    from seekline.server.cli import main as seekline

    seekline()


if __name__ == "__main__":
    main()
