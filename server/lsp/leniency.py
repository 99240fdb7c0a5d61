"""What a client says wrong and nobody needs is left out, rather than the whole message refused.

`initialize` has some four hundred optional members; an editor with one of them wrong still completes code.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from cattrs.errors import AttributeValidationNote, BaseValidationError, IterableValidationNote

T = TypeVar("T")
Path = tuple[str | int, ...]

_MAX_ROUNDS = 20
"""Each round takes away at least one level of nesting; no message of LSP has as many."""


def without_unusable(raw: Any, structure: Callable[[Any], T]) -> tuple[T, list[str]]:
    """What `structure` makes of `raw` without the members that it cannot read, and the names of those.

    Raises the error of `structure` where a member that must be there cannot be read.
    """
    raw = copy.deepcopy(raw)
    ignored: list[str] = []
    for _ in range(_MAX_ROUNDS):
        try:
            return structure(raw), ignored
        except BaseValidationError as error:
            paths = {_existing(raw, path) for path in _paths(error)}
            if () in paths:
                raise
            # What is inside comes before its owner, and lists go from their end on: all places stay what they are.
            for path in sorted(paths, key=lambda path: [str(part).zfill(9) for part in path], reverse=True):
                ignored.append(".".join(map(str, path)))
                _remove(raw, path)
    return structure(raw), ignored


def _paths(error: BaseException, path: Path = ()) -> Iterator[Path]:
    """Where the innermost errors are, in Python's names of the members."""
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            path = (*path, note.name)
        elif isinstance(note, IterableValidationNote):
            path = (*path, note.index)
    if isinstance(error, BaseValidationError):
        for inner in error.exceptions:
            yield from _paths(inner, path)
    else:
        yield path


def _existing(raw: Any, path: Path) -> Path:
    """The part of a path that is there, in the names of the message: a member that is missing is its owner's fault."""
    found: Path = ()
    for part in path:
        if isinstance(raw, dict):
            key = _key(raw, str(part))
            if key is None:
                return found
            raw = raw[key]
        elif isinstance(raw, list) and isinstance(part, int):
            key = part
            raw = raw[part]
        else:
            return found
        found = (*found, key)
    return found


def _key(raw: dict[str, Any], name: str) -> str | None:
    plain = name.replace("_", "").lower()
    return next((key for key in raw if key.lower() == plain), None)


def _remove(raw: Any, path: Path) -> None:
    for part in path[:-1]:
        raw = raw[part]
    del raw[path[-1]]
