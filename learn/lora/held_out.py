"""Which files are kept from training, to measure on: whole ones, never some of a file's samples."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..errors import NoSamples
from .options import HoldOut

LEAST_FILES = 2
MOST_FILES = 50

File = tuple[str, str]
"""Repository and path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """`by`: how they were chosen."""

    files: frozenset[File]
    by: HoldOut


def hold_out(changed: Mapping[File, float], by: HoldOut, share: float) -> HeldOut:
    """The files that were changed last, or some by the hash of their names; `auto`: by time where times differ.
    `changed`: all files, with when each was.

    Raises `NoSamples` where too few files are there to learn from some and measure on others.
    """
    if len(changed) < 2 * LEAST_FILES:
        raise NoSamples(
            f"The samples are of {len(changed)} files; {2 * LEAST_FILES} are the least, of which {LEAST_FILES} are "
            "measured on.",
            "Make samples of more files: seekline learn data.",
        )
    way: HoldOut = ("time" if len(set(changed.values())) > 1 else "hash") if by == "auto" else by
    files = sorted(changed, key=_by_time(changed) if way == "time" else hash_of)
    number = min(max(LEAST_FILES, round(share * len(files))), MOST_FILES, len(files) - LEAST_FILES)
    return HeldOut(files=frozenset(files[:number]), by=way)


def hash_of(parts: tuple[str, ...]) -> bytes:
    """A place in an order that follows no alphabet, the same on every machine."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _by_time(changed: Mapping[File, float]) -> Callable[[File], tuple[float, bytes]]:
    # One commit changes many files: among those, the hash decides.
    return lambda file: (-changed[file], hash_of(file))
