"""From a file to samples: where they are cut, and the prompts that the server would give there.

A sample is drawn from the seed, the file's path and its number alone, so it is the same whatever was drawn before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from ... import fim
from ..middles import ContextWindow, Middle, draw_line, draw_middle, draw_start
from ..repository import Prompter, Repository
from .options import MIX, DataOptions
from .sample import Sample
from .source import Source

LEFT_TO_RIGHT = "left to right"
_CHARACTERS_PER_TOKEN = 3
_FROM_START_SHARE = 0.1
_GOES_ON_CHARACTERS = 1000


def draw_samples(
    source: Source, repository: Repository, prompter: Prompter, options: DataOptions, number: int, changed: float
) -> Iterator[Sample]:
    """At most `number`, since no place is drawn twice. `changed`: see `Sample`."""
    drawn: set[tuple[int, int]] = set()
    for index in range(number):
        draw = generator(options.seed, source.path, index)
        fills_in = draw.random() < options.fim_rate
        middle = draw_hole(source, prompter, draw) if fills_in else _stretch(source.text, draw)
        if middle is None or (middle.start, middle.end) in drawn:
            continue
        drawn.add((middle.start, middle.end))
        if fills_in:
            yield filled_in(source, middle, repository, prompter, changed)
        elif (sample := _going_on(source, middle, repository, prompter, changed)) is not None:
            yield sample


def generator(seed: int, path: str, index: int) -> np.random.Generator:
    """The chance of one sample."""
    key = hashlib.blake2b(f"{seed}\0{path}\0{index}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(key, "big"))


def draw_hole(source: Source, prompter: Prompter, draw: np.random.Generator) -> Middle | None:
    """A middle by the shares of `MIX`; None where nothing is in it that a model without a suffix could learn."""
    limits = prompter.info.limits
    window = ContextWindow(
        prefix_characters=_CHARACTERS_PER_TOKEN * limits.prompt_tokens,
        suffix_characters=_CHARACTERS_PER_TOKEN * limits.suffix_tokens,
    )
    middle = draw_middle(source.text, draw, MIX, window, source.language.blocks)
    return middle if prompter.format.fills_in or middle.end > middle.start else None


def prompt_at(source: Source, start: int, behind: str, repository: Repository, prompter: Prompter) -> fim.Prompt:
    """What the server would ask while what stands at `start` is still to be typed, with `behind` behind it."""
    before = source.text[:start]
    line = before.count("\n")
    cursor = fim.Cursor(line=line, column=start - (before.rfind("\n") + 1))
    return prompter.prompt(repository, source.document(before + behind), cursor)


def filled_in(source: Source, middle: Middle, repository: Repository, prompter: Prompter, changed: float) -> Sample:
    """The sample of a middle, with the prompt that the server makes where it is missing.

    A model that does not see the suffix cannot know where a middle ends: it learns no end but the file's.
    """
    text = source.text
    prompt = prompt_at(source, middle.start, text[middle.end :], repository, prompter)
    return Sample(
        repository=repository.name,
        path=source.path,
        language=source.language.name,
        kind=middle.kind,
        start=middle.start,
        end=middle.end,
        pieces=prompt.pieces,
        completion=prompt.must_start + text[middle.start : middle.end],
        ends=prompter.format.fills_in or middle.end == len(text),
        changed=changed,
    )


def _stretch(text: str, draw: np.random.Generator) -> Middle:
    """Where a text is gone on with, and how far: to a line's end. Now and then from its first character."""
    line = draw_line(text, draw)
    start = draw_start(text, line, draw, MIX.anywhere_share)
    if draw.random() < _FROM_START_SHARE:
        start = 0
    end = text.find("\n", min(len(text), start + _GOES_ON_CHARACTERS))
    return Middle(start=start, end=len(text) if end < 0 else end + 1, kind="lines")


def _going_on(
    source: Source, stretch: Middle, repository: Repository, prompter: Prompter, changed: float
) -> Sample | None:
    """A text without a hole, as most of what a model has seen: no control token but the first. None without a prompt,
    which a model needs to go on with."""
    prompt = prompt_at(source, stretch.start, "", repository, prompter)
    tokenizer = prompter.info.tokenizer
    plain = fim.all_formats()["plain"].with_begin(None if tokenizer is None else tokenizer.begin_token)
    pieces: list[fim.Text | fim.Special] = [piece for piece in plain.pieces if isinstance(piece, fim.Special)]
    if prompt.prefix:
        pieces.append(fim.Text(prompt.prefix))
    completion = prompt.must_start + source.text[stretch.start : stretch.end]
    if not pieces or not completion:
        return None
    return Sample(
        repository=repository.name,
        path=source.path,
        language=source.language.name,
        kind=LEFT_TO_RIGHT,
        start=stretch.start,
        end=stretch.end,
        pieces=tuple(pieces),
        completion=completion,
        ends=stretch.end == len(source.text),
        changed=changed,
    )
