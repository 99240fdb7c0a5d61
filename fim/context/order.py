"""The order of files in a prompt: dependencies before dependents (DeepSeek-Coder, arXiv:2401.14196, Algorithm 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from heapq import heapify, heappop, heappush


def dependency_order(files: Sequence[str], dependencies: Mapping[str, Set[str]]) -> list[str]:
    """`files` such that each stands after those it depends on, as far as cycles allow.

    Again and again the file with the fewest dependencies that are not placed yet is taken, not only one with none;
    among equals the first in `files`. So cycles come out, and always in the same way. Takes O((files + dependencies)
    log files).
    """
    numbers = {file: number for number, file in reversed(list(enumerate(files)))}
    waiting: dict[str, int] = {}
    dependents: dict[str, list[str]] = {file: [] for file in numbers}
    for file in numbers:
        own = [other for other in dependencies.get(file, ()) if other in numbers and other != file]
        waiting[file] = len(own)
        for other in own:
            dependents[other].append(file)
    heap = [(count, numbers[file], file) for file, count in waiting.items()]
    heapify(heap)
    placed: list[str] = []
    while heap:
        count, _, file = heappop(heap)
        if waiting.get(file) != count:  # placed already, or waits for fewer by now: it is in the heap again
            continue
        del waiting[file]
        placed.append(file)
        for other in dependents[file]:
            if other in waiting:
                waiting[other] -= 1
                heappush(heap, (waiting[other], numbers[other], other))
    return placed
