"""Which files are kept from training, to measure on: whole ones, never some of a file's samples, and with each all that
are nearly the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
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


def hold_out(
    changed: Mapping[File, float], by: HoldOut, share: float, groups: Mapping[File, File] | None = None
) -> HeldOut:
    """The files that were changed last, or some by the hash of their names; `auto`: by time where times differ.
    `changed`: all files, with when each was. `groups`: the same for files that are nearly the same; in none is a file
    that is like no other. One that has more files than are still wanted is learned from.

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
    return HeldOut(files=_in_whole_groups(files, groups or {}, number), by=way)


def _in_whole_groups(files: Sequence[File], groups: Mapping[File, File], number: int) -> frozenset[File]:
    """The first `number` in whole groups; more only where else there were fewer than `LEAST_FILES`. Raises
    `NoSamples`."""
    members: dict[File, list[File]] = {}
    for file in files:
        members.setdefault(groups.get(file, file), []).append(file)
    for most, enough in ((number, number), (len(files) - LEAST_FILES, LEAST_FILES)):
        taken: set[File] = set()
        for group in members.values():
            if len(taken) < enough and len(taken) + len(group) <= most:
                taken.update(group)
        if len(taken) >= LEAST_FILES:
            return frozenset(taken)
    raise NoSamples(
        f"Of {len(files)} files, all but a few are nearly the same: none is left to measure on.",
        "Make samples of more files: seekline learn data.",
    )


def hash_of(parts: tuple[str, ...]) -> bytes:
    """A place in an order that follows no alphabet, the same on every machine."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _by_time(changed: Mapping[File, float]) -> Callable[[File], tuple[float, bytes]]:
    # One commit changes many files: among those, the hash decides.
    return lambda file: (-changed[file], hash_of(file))
