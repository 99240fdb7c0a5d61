"""Stages 2 and 3: which files depend on which, and the order in which they are learned (arXiv:2401.14196, 2.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from ... import fim


def topological_order(paths: Sequence[str], imports: Mapping[str, Set[str]]) -> list[list[str]]:
    """Algorithm 1: each part of the repository that hangs together, dependencies before dependents.

    The parts come in the order of their first files in `paths`. `imports`: of each path, also of files not in `paths`.
    """
    neighbours: dict[str, list[str]] = {path: [] for path in paths}
    for path in paths:
        for other in imports.get(path, ()):
            if other in neighbours:
                neighbours[path].append(other)
                neighbours[other].append(path)
    seen: set[str] = set()
    parts: list[list[str]] = []
    for path in paths:
        if path not in seen:
            together = _reached(path, neighbours)
            seen |= together
            parts.append(list(together))
    numbers = {path: number for number, path in enumerate(paths)}
    return [fim.dependency_order(sorted(part, key=numbers.__getitem__), imports) for part in parts]


def _reached(start: str, neighbours: Mapping[str, Sequence[str]]) -> set[str]:
    found = {start}
    waiting = [start]
    while waiting:
        for other in neighbours[waiting.pop()]:
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
