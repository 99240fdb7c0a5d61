"""What a typed character of one editor waits for while another editor's large prompt is computed.

    python bench/fairness.py [--model 1.3b | embedded | FOLDER] [--large 4096] [--prompt 512] [--characters 8]
                             [--in-order 3] [--threads 2] [--write NAME]

One engine, as two editors share it. B types: each character is a prompt of `--prompt` tokens whose suffix of 128 is
computed again, and its first token is waited for. B alone; while a prompt of `--large` tokens of A is computed; where
such a prompt comes just behind each character; and, `--in-order` times, where requests are answered in the order they
came. A pass is a chunk of A's prompt: the median of all.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import perf_counter, sleep
from typing import Any
from unittest import mock

import measure
import random_models
import workload
from rich.console import Console
from rich.table import Table
from seekline import model
from seekline.model.engines import scheduler

NEW_TOKENS = 4
SOON_S = 0.05
ARRIVES_AFTER = (0.2, 0.5, 0.8)
"""Of the passes of a large prompt: when a character is typed that has to wait for it."""


class Passes:
    """Notes how long each chunk takes, in milliseconds."""

    def __init__(self, engine: model.LocalEngine) -> None:
        runner: Any = engine._loader.runner
        core = runner._loaded.engine
        self._forward, self.chunk_tokens = core._backend.forward, core._chunk_tokens
        self.ms: list[float] = []
        core._backend.forward = self._noted

    def _noted(self, ids: Sequence[int], *given: Any, **named: Any) -> Any:
        started = perf_counter()
        found = self._forward(ids, *given, **named)
        if len(ids) == self.chunk_tokens:
            self.ms.append(1000 * (perf_counter() - started))
        return found

    def wait_for(self, more: int) -> None:
        until = len(self.ms) + more
        while len(self.ms) < until:
            sleep(0.001)


@dataclass(frozen=True)
class Editors:
    """Two clients of one engine. `large`: prompts of A, each new. `typed`: those of B, each a character longer."""

    engine: model.LocalEngine
    large: Iterator[list[int]]
    typed: Iterator[list[int]]

    def ask(self, ids: list[int], key: str, cancel: Event) -> float:
        """Milliseconds to the first token; to the cancel, where that comes before."""
        version = self.engine.info().result().version
        request = model.CompletionRequest(ids=tuple(ids), key=key, version=version, max_new_tokens=NEW_TOKENS)
        started = perf_counter()
        first_ms = 0.0
        with suppress(model.Cancelled):
            for _ in self.engine.stream(request, cancel):
                first_ms = first_ms or 1000 * (perf_counter() - started)
        return first_ms or 1000 * (perf_counter() - started)

    def type(self) -> float:
        return self.ask(next(self.typed), "b", Event())

    def compute_large(self) -> float:
        return self.ask(next(self.large), "a", Event())

    @contextmanager
    def large_prompt(self) -> Iterator[Thread]:
        """It is computed meanwhile, and given up at the end."""
        cancel = Event()
        asking = Thread(target=self.ask, args=(next(self.large), "a", cancel))
        asking.start()
        yield asking
        cancel.set()
        asking.join()


def while_computed(editors: Editors, characters: int) -> list[float]:
    found: list[float] = []
    while len(found) < characters:
        with editors.large_prompt() as asking:
            sleep(SOON_S)
            waited_ms = editors.type()
            while asking.is_alive() and len(found) < characters:
                found.append(waited_ms)
                waited_ms = editors.type()
    return found


def just_before(editors: Editors, characters: int) -> list[float]:
    found: list[float] = []
    for _ in range(characters):
        typing = Thread(target=lambda: found.append(editors.type()))
        typing.start()
        sleep(SOON_S)
        with editors.large_prompt():
            typing.join()
    return found


def in_its_turn(editors: Editors, times: int, passes: Passes, large: int) -> list[float]:
    """Requests are answered one after the other, as they came."""
    found: list[float] = []
    with mock.patch.object(scheduler, "first_of", lambda claims, **_: min(claims, key=lambda claim: claim.number)):
        for number in range(times):
            computing = Thread(target=editors.compute_large)
            computing.start()
            passes.wait_for(int(ARRIVES_AFTER[number % len(ARRIVES_AFTER)] * large / passes.chunk_tokens))
            found.append(editors.type())
            computing.join()
    return found


def report(found: dict[str, list[float]], pass_ms: float) -> None:
    """The delay is against B alone."""
    alone_ms = statistics.median(found["B alone"])
    table = Table("first token, ms", "median", "worst", "delay, median", "worst", "in passes", "worst", box=None)
    for name, waited in found.items():
        of_both = statistics.median(waited), max(waited)
        delays = [each - alone_ms for each in of_both]
        cells = [f"{each:.0f}" for each in (*of_both, *delays)] + [f"{each / pass_ms:.1f}" for each in delays]
        table.add_row(name, *cells)
    Console(width=140).print(table)


def ready(given: argparse.Namespace) -> tuple[model.LocalEngine, str]:
    name = str(random_models.random_model(given.model)) if given.model in random_models.SHAPES else given.model
    engine = model.LocalEngine(lambda _: None)
    request = model.ModelRequest(model=name, device="cpu", sequence_tokens=given.large + NEW_TOKENS)
    engine.load(model.LocalModel(request=request, base=Path.cwd(), threads=given.threads, max_new_tokens=NEW_TOKENS))
    return engine, engine.info().result().summary


def measured(editors: Editors, passes: Passes, given: argparse.Namespace) -> dict[str, Any]:
    editors.type()
    large_ms = editors.compute_large()
    runs = {
        "B alone": lambda: [editors.type() for _ in range(given.characters)],
        "A's large prompt is under way": partial(while_computed, editors, given.characters),
        "it comes just behind the character": partial(just_before, editors, given.characters),
        "in order of arrival": partial(in_its_turn, editors, given.in_order, passes, given.large),
    }
    passes.ms.clear()
    found = {name: run() for name, run in runs.items()}
    return {"large_ms": large_ms, "pass_ms": statistics.median(passes.ms), "milliseconds": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="1.3b", help="1.3b, 6.7b with random weights; embedded; a path")
    parser.add_argument("--large", type=int, default=4096, help="tokens of A's prompt")
    parser.add_argument("--prompt", type=int, default=512, help="tokens of B's")
    parser.add_argument("--characters", type=int, default=8)
    parser.add_argument("--in-order", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", metavar="NAME", help="also write bench/results/NAME.json")
    given = parser.parse_args()
    engine, summary = ready(given)
    many = 3 * given.characters + given.in_order + 8
    editors = Editors(engine, iter(workload.prompts(many, given.large)), workload.typing(given.prompt, 4 * many))
    result = measured(editors, Passes(engine), given)
    large_s, pass_ms = result["large_ms"] / 1000, result["pass_ms"]
    print(f"{summary}; A's prompt of {given.large} tokens takes {large_s:.1f} s alone, a pass {pass_ms:.0f} ms")
    report(result["milliseconds"], pass_ms)
    engine.close(60)
    if given.write:
        print(measure.save(given.write, {**vars(given), "model": summary, **result}))


if __name__ == "__main__":
    main()
