"""Other code than the repository's, which an adapter must not make worse: samples of its middles, drawn by a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ... import fim
from ..cleaning import is_skipped, is_test
from ..data.drawing import filled_in
from ..data.sample import Sample
from ..data.source import readable_source
from ..middles import ContextWindow, draw_middle
from ..recipe import Mix
from ..repository import Prompter, Repository
from .held_out import hash_of

_CHARACTERS = range(400, 100_000)
_MOST_MIDDLE_CHARACTERS = 400
_TRIES = 10
_WINDOW = ContextWindow(prefix_characters=2000, suffix_characters=400)
_LINES = Mix(
    middle_line=1.0, middle_lines=0.0, middle_statement=0.0, middle_span=0.0, middle_reaching=0.0, closers_share=0.0
)
_BLOCKS = replace(_LINES, middle_line=0.6, middle_lines=0.2, middle_statement=0.2)


def draw_elsewhere(repository: Repository, prompter: Prompter, number: int, seed: int) -> list[Sample]:
    """At most so many samples of a repository's code, as many of each file, the same each time. Tests and vendored
    code are passed over."""
    paths = [path for path in repository.paths() if fim.language_of_path(path) is not None]
    files = sorted(
        (path for path in paths if not is_test(path) and not is_skipped(path)), key=lambda path: hash_of((path,))
    )
    draw = np.random.default_rng(seed)
    samples: list[Sample] = []
    used: set[tuple[str, int]] = set()
    misses = 0
    # Each file once, then each once more, as often as that brings any.
    while len(samples) < number and files and misses < len(files):
        for path in files:
            sample = _draw(repository, prompter, path, draw)
            if sample is None or (path, sample.start) in used:
                misses += 1
                continue
            misses = 0
            used.add((path, sample.start))
            samples.append(sample)
            if len(samples) == number:
                break
    return samples


def _draw(repository: Repository, prompter: Prompter, path: str, draw: np.random.Generator) -> Sample | None:
    """One sample of a file; None where it is no text, or of another size than code has."""
    source = readable_source(repository, path)
    if source is None or len(source.text) not in _CHARACTERS:
        return None
    text = source.text
    mix = _LINES if prompter.format.extent == "line" else _BLOCKS
    for _ in range(_TRIES):
        middle = draw_middle(text, draw, mix, _WINDOW)
        content = text[middle.start : middle.end]
        if content.strip() and len(content) <= _MOST_MIDDLE_CHARACTERS:
            return filled_in(source, middle, repository, prompter, changed=0.0)
    return None
