"""What a typed character of one editor waits for while another editor's large prompt is computed.

    python bench/fairness.py [--model 1.3b | embedded | FOLDER] [--large 4096] [--prompt 512] [--characters 8]
                             [--in-order 3] [--threads 2] [--write NAME]

One engine, as two editors share it. B types: each character is a prompt of `--prompt` tokens whose suffix of 128 is
computed again, and its first token is waited for. That alone; while A's prompt of `--large` tokens is computed; with
A's coming just behind each character; and both where requests are answered in the order they came (`--in-order` times,
each of which takes a large prompt). The delay is against B alone; a pass is the time of A's prompt alone, by its chunks.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from time import perf_counter, sleep
from unittest import mock

import measure
import random_models
import workload
from rich.console import Console
from rich.table import Table
from seekline import model
from seekline.model.engines import scheduler

NEW_TOKENS = 4
ARRIVES_AFTER = (0.2, 0.5, 0.8)
"""Of the time of a large prompt: when a character is typed that has to wait for it."""


@dataclass
class Editors:
    """Two clients of one engine. `large`: prompts of A, each new; `typed`: of B, each a character longer."""

    engine: model.LocalEngine
    large: Iterator[list[int]]
    typed: Iterator[list[int]]
    cancel: Event = field(default_factory=Event)

    def ask(self, ids: list[int], key: str) -> float:
        """Milliseconds to the first token."""
        version = self.engine.info().result().version
        request = model.CompletionRequest(ids=tuple(ids), key=key, version=version, max_new_tokens=NEW_TOKENS)
        started, first_ms = perf_counter(), 0.0
        for _ in self.engine.stream(request, self.cancel):
            first_ms = first_ms or 1000 * (perf_counter() - started)
        return first_ms

    def type(self) -> float:
        return self.ask(next(self.typed), "b")

    @contextmanager
    def large_prompt(self) -> Iterator[Thread]:
        """A's prompt is asked for; it is waited for at the end."""
        asking = Thread(target=self.ask, args=(next(self.large), "a"))
        asking.start()
        yield asking
        asking.join()


@contextmanager
def in_order() -> Iterator[None]:
    """Requests are answered one after the other, as they came."""
    with mock.patch.object(scheduler, "first_of", lambda claims, **_: min(claims, key=lambda claim: claim.number)):
        yield


def while_computed(editors: Editors, characters: int) -> list[float]:
    """B types as long as A's prompt is computed, at most so many characters."""
    found: list[float] = []
    with editors.large_prompt() as asking:
        sleep(0.2)
        while asking.is_alive() and len(found) < characters:
            waited = editors.type()
            if asking.is_alive():
                found.append(waited)
    return found


def just_before(editors: Editors, characters: int) -> list[float]:
    """A's prompt comes while B's character is computed; each ends what A asked before."""
    found: list[float] = []
    for _ in range(characters):
        cancel = Event()
        late = Editors(editors.engine, editors.large, editors.typed, cancel)
        typing = Thread(target=lambda: found.append(editors.type()))
        typing.start()
        sleep(0.02)
        asking = Thread(target=late.ask_until_cancelled)
        asking.start()
        typing.join()
        cancel.set()
        asking.join()
    return found


def in_its_turn(editors: Editors, times: int, large_ms: float) -> list[float]:
    found: list[float] = []
    for number in range(times):
        with editors.large_prompt():
            sleep(ARRIVES_AFTER[number % len(ARRIVES_AFTER)] * large_ms / 1000)
            found.append(editors.type())
    return found
