"""How alike two lines are."""

from __future__ import annotations


def edit_similarity(one: str, other: str) -> float:
    """1 minus the Levenshtein distance as a share of the longer text."""
    if not one and not other:
        return 1.0
    row = list(range(len(other) + 1))
    for n, a in enumerate(one, 1):
        diagonal, row[0] = row[0], n
        for m, b in enumerate(other, 1):
            diagonal, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, diagonal + (a != b))
    return 1 - row[-1] / max(len(one), len(other))
