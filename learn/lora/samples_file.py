"""A file of samples, read twice: once to see which files there are, once to make rows of those that are wanted.

Never all of it is in memory; what is learned from at once has a limit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ... import fim
from ..data.sample import Sample, read_samples
from ..errors import NoSamples
from .held_out import File, HeldOut, hash_of
from .rows import Encoder, Row

MOST_TRAINING = 40_000

_AGAIN = "Make the file again: seekline learn data."


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a file of samples has: how many of which file of a repository, when each was changed, the group of
    each that is nearly the same as another one, and a digest of all."""

    samples: dict[File, int]
    changed: dict[File, float]
    groups: dict[File, File]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Rows to learn from and to measure on."""

    training: tuple[Row, ...]
    held_out: tuple[Row, ...]


def survey(path: Path) -> Survey:
    """Raises `NoSamples`."""
    samples: dict[File, int] = {}
    changed: dict[File, float] = {}
    groups: dict[File, File] = {}
    digest = hashlib.blake2b(digest_size=16)
    for sample in samples_in(path):
        file = (sample.repository, sample.path)
        samples[file] = samples.get(file, 0) + 1
        changed[file] = max(sample.changed, changed.get(file, 0.0))
        if sample.group:
            groups[file] = (sample.repository, sample.group)
        digest.update(repr(sample).encode("utf-8", "surrogatepass"))
    if not samples:
        raise NoSamples(f"{path} has no samples.", "Make some: seekline learn data FOLDER.")
    return Survey(samples=samples, changed=changed, groups=groups, digest=digest.hexdigest())


def read_rows(path: Path, surveyed: Survey, held_out: HeldOut, measured: int, encoder: Encoder) -> Split:
    """The rows of a file that `survey` saw; where it has more than `MOST_TRAINING` to learn from or `measured` to
    measure on, some by hash. Raises `NoSamples` and `UnsupportedBase`."""
    kept_out = sum(number for file, number in surveyed.samples.items() if file in held_out.files)
    learned = sum(surveyed.samples.values()) - kept_out
    found: dict[bool, list[Row]] = {True: [], False: []}
    for sample in samples_in(path):
        is_held_out = (sample.repository, sample.path) in held_out.files
        share = measured / kept_out if is_held_out else MOST_TRAINING / max(1, learned)
        if is_drawn(sample, share):
            row = encoder.row(sample)
            if row is not None:
                found[is_held_out].append(row)
    if not found[True] or not found[False]:
        raise NoSamples(
            f"{path} leaves nothing to {'measure on' if found[False] else 'learn from'}: the other samples are empty, "
            "or exceed --row-tokens.",
            "Give a larger --row-tokens, or make samples of more files.",
        )
    return Split(training=tuple(found[False]), held_out=tuple(found[True]))


def is_drawn(sample: Sample, share: float) -> bool:
    """Whether a sample is among a share of all, the same each time."""
    place = hash_of((sample.repository, sample.path, str(sample.start), str(sample.end), sample.kind))
    return int.from_bytes(place[:8], "big") < share * 2**64


def samples_in(path: Path) -> Iterator[Sample]:
    """Raises `NoSamples` where there is no such file, or with the line that is no sample."""
    number = 0
    try:
        for sample in read_samples(path):
            number += 1
            if not _is_whole(sample):
                raise NoSamples(f"Line {number} of {path} is no sample.", _AGAIN)
            yield sample
    except OSError as error:
        raise NoSamples(
            f"{path} cannot be read: {error.strerror or error}.",
            "Make samples first (seekline learn data FOLDER), and name their file with --samples.",
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NoSamples(f"Line {number + 1} of {path} is no sample.", _AGAIN) from error


def _is_whole(sample: Sample) -> bool:
    texts = [sample.repository, sample.path, sample.kind, sample.completion, sample.group]
    texts += [piece.text if isinstance(piece, fim.Text) else piece.token for piece in sample.pieces]
    return (
        all(isinstance(text, str) for text in texts)
        and isinstance(sample.changed, (int, float))
        and isinstance(sample.start, int)
        and isinstance(sample.end, int)
    )
