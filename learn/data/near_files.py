"""Which files of one repository nearly repeat one another, by MinHash, as whole repositories are compared.

Both are learned from, but never is one measured on that was learned from in the other: see `lora/held_out`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .duplicates import signature_of

if TYPE_CHECKING:
    from datasketch import MinHash

_SIMILARITY = 0.7
_LIKELY = 0.5
"""Pairs are looked for below the similarity: LSH misses many that are just above its threshold."""


def can_compare() -> bool:
    """Whether datasketch is installed; what trains on the samples comes with it."""
    return importlib.util.find_spec("datasketch") is not None


def file_signature(text: str) -> list[int]:
    """As JSON carries it; empty for a text of a few words, which may be like any other."""
    signature = signature_of([text])
    return [] if signature.is_empty() else signature.hashvalues.tolist()


def groups_of(signatures: Mapping[str, list[int]]) -> dict[str, str]:
    """Of each file that is like another one, directly or over others: the first path of those that are, by name."""
    from datasketch import MinHashLSH

    leaders: dict[str, str] = {}
    seen: dict[str, MinHash] = {}
    index: Any = None
    for path in sorted(path for path, values in signatures.items() if values):
        signature = signature_of(())
        signature.hashvalues = np.array(signatures[path], dtype=signature.hashvalues.dtype)
        if index is None:
            index = MinHashLSH(threshold=_LIKELY, num_perm=len(signature))
        for other in index.query(signature):
            if seen[other].jaccard(signature) >= _SIMILARITY:
                one, two = _leader(leaders, path), _leader(leaders, other)
                leaders[max(one, two)] = min(one, two)
        index.insert(path, signature)
        seen[path] = signature
    found = {path: _leader(leaders, path) for path in seen}
    alike = {leader for path, leader in found.items() if path != leader}
    return {path: leader for path, leader in found.items() if leader in alike}


def _leader(leaders: Mapping[str, str], path: str) -> str:
    while leaders.get(path, path) != path:
        path = leaders[path]
    return path
