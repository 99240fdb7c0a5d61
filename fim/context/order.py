"""The order of files in a prompt: dependencies before dependents (DeepSeek-Coder, arXiv:2401.14196, Algorithm 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set


def dependency_order(files: Sequence[str], dependencies: Mapping[str, Set[str]]) -> list[str]:
    """`files` such that each stands after those it depends on, as far as cycles allow.

    Again and again the file with the fewest dependencies that are not placed yet is taken, not only one with none;
    among equals the first in `files`. So cycles come out, and always in the same way.
    """
    waiting = {file: set(dependencies.get(file, ())) & set(files) - {file} for file in files}
    placed: list[str] = []
    while waiting:
        file = min(waiting, key=lambda file: len(waiting[file]))
        del waiting[file]
        for others in waiting.values():
            others.discard(file)
        placed.append(file)
    return placed
