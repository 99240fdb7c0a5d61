"""Which samples are kept from training, to measure on: those of whole files, never some of a file's samples."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..data.sample import Sample
from ..errors import NoSamples
from .options import HoldOut

LEAST_FILES = 2
MOST_FILES = 50
MOST_SAMPLES = 256
"""So many tell the loss well enough, and are measured again and again."""

_File = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """`by`: how the held-out files were chosen. `held_out_paths`: of these, as the samples name them."""

    training: tuple[Sample, ...]
    held_out: tuple[Sample, ...]
    by: HoldOut
    held_out_paths: tuple[str, ...]


def split(samples: Sequence[Sample], by: HoldOut, share: float) -> Split:
    """Holds out the files that were changed last, or some by the hash of their names; `auto`: by time where times
    differ. Of many samples of a held-out file, some are left out.

    Raises `NoSamples` where too few files are there to learn from some and measure on others.
    """
    changed: dict[_File, float] = {}
    for sample in samples:
        changed[_file(sample)] = max(sample.changed, changed.get(_file(sample), 0.0))
    if len(changed) < 2 * LEAST_FILES:
        raise NoSamples(
            f"The samples are of {len(changed)} files; {2 * LEAST_FILES} are the least, of which {LEAST_FILES} are "
            "measured on.",
            "Make samples of more files.",
        )
    way: HoldOut = ("time" if len(set(changed.values())) > 1 else "hash") if by == "auto" else by
    files = sorted(changed, key=_by_time(changed) if way == "time" else _hash)
    number = min(max(LEAST_FILES, round(share * len(files))), MOST_FILES, len(files) - LEAST_FILES)
    held_out = set(files[:number])
    return Split(
        training=tuple(sample for sample in samples if _file(sample) not in held_out),
        held_out=spread([sample for sample in samples if _file(sample) in held_out], MOST_SAMPLES),
        by=way,
        held_out_paths=tuple(sorted(path for _, path in held_out)),
    )


def spread(samples: Sequence[Sample], most: int) -> tuple[Sample, ...]:
    """At most so many of them, the same each time, whichever file they are of; in their order."""
    chosen = sorted(range(len(samples)), key=lambda number: _place_hash(samples[number]))[:most]
    return tuple(samples[number] for number in sorted(chosen))


def _by_time(changed: dict[_File, float]) -> Callable[[_File], tuple[float, bytes]]:
    # One commit changes many files: among those, the hash decides.
    return lambda file: (-changed[file], _hash(file))


def _file(sample: Sample) -> _File:
    return sample.repository, sample.path


def _hash(file: _File) -> bytes:
    return hashlib.blake2b("\0".join(file).encode("utf-8", "surrogatepass")).digest()


def _place_hash(sample: Sample) -> bytes:
    return _hash((sample.repository, f"{sample.path}\0{sample.start}\0{sample.end}\0{sample.kind}"))
