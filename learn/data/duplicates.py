"""Stage 4: repositories that are nearly the same as one before, by MinHash, as DeepSeek Coder compares them.

Whole repositories are compared, not files, so that none loses the files that others of its own need (arXiv:2401.14196,
2.3). Shingles of five words, 256 permutations and a Jaccard index of 0.7 are BigCode's (arXiv:2211.15533).
Each is compared with all that stay: they are few, and LSH with this threshold finds only half of the pairs at it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import PackageMissing
from ..files import written_in, written_whole

if TYPE_CHECKING:
    from datasketch import MinHash

_SHINGLE_WORDS = 5
_PERMUTATIONS = 256
_SEED = 1
_SIMILARITY = 0.7
_BATCH = 4096


class NearDuplicates:
    """The repositories that stay, by what they say."""

    def __init__(self) -> None:
        """Raises `PackageMissing`."""
        try:
            import datasketch  # noqa: F401  (what is missing is told before anything is read)
        except ImportError as error:
            raise PackageMissing(
                "Repositories are compared by the package datasketch, which is not installed.",
                "Run `pipx install '.[learn]'` in the clone, or give one folder at a time.",
            ) from error
        self._kept: dict[str, MinHash] = {}

    def like(self, name: str, signature: MinHash) -> str | None:
        """The repository that this one nearly repeats; None where it is new, and then it counts as known."""
        for other, kept in self._kept.items():
            if kept.jaccard(signature) >= _SIMILARITY:
                return other
        self._kept[name] = signature
        return None


def signature_of(texts: Iterable[str]) -> MinHash:
    """Of the texts one after the other, of which one at a time is in memory."""
    from datasketch import MinHash

    signature = MinHash(num_perm=_PERMUTATIONS, seed=_SEED)
    batch: set[bytes] = set()
    for shingle in _shingles(texts):
        batch.add(shingle)
        if len(batch) == _BATCH:
            signature.update_batch(batch)
            batch.clear()
    if batch:
        signature.update_batch(batch)
    return signature


def _shingles(texts: Iterable[str]) -> Iterator[bytes]:
    words: list[str] = []
    for text in texts:
        words = words[-(_SHINGLE_WORDS - 1) :] + text.split()
        for start in range(len(words) - _SHINGLE_WORDS + 1):
            yield " ".join(words[start : start + _SHINGLE_WORDS]).encode("utf-8", "surrogatepass")


def kept_signature(path: Path, texts: Iterable[str]) -> MinHash:
    """The signature of the texts, which is written to `path`, or that was written there before. Raises
    `NotWritten`."""
    if path.is_file():
        known = signature_of(())
        known.hashvalues = np.array(json.loads(path.read_text("utf-8")), dtype=known.hashvalues.dtype)
        return known
    signature = signature_of(texts)
    with written_in(path.parent), written_whole(path) as draft:
        draft.write_text(json.dumps(signature.hashvalues.tolist()), "utf-8")
    return signature
