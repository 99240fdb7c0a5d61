"""Requests that take turns, pass by pass, on one engine."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from seekline import model
from seekline.model.decoding.request import Pause


def take_turns(requests: Sequence[Iterator[int | Pause]], chance: random.Random) -> list[list[int]]:
    """What each writes, where before each pass chance says whose turn it is. One that is cancelled writes -1 last."""
    written: list[list[int]] = [[] for _ in requests]
    under_way = dict(enumerate(requests))
    while under_way:
        number = chance.choice(list(under_way))
        try:
            for step in under_way[number]:
                if isinstance(step, Pause):
                    break
                written[number].append(step)
            else:
                del under_way[number]
        except model.Cancelled:
            written[number].append(-1)
            del under_way[number]
    return written
