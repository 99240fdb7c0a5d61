"""What it costs that editors share one engine process, and what it saves.

    python bench/share.py [--model embedded | tiny | FOLDER] [--keys 200] [--memory] [--soak REQUESTS] [--write NAME]

A text is typed character by character, and each prompt is asked of an engine in this process and of one in a process
of its own, in turn: milliseconds to the first token and to the last, and what the second takes longer, key by key. Each
request names the texts of other files that may be copied from, as the server's do. `--memory`: what two servers and
their engine have in memory, against a server without. `--soak`: so many requests of four editors, many of them
cancelled at a random moment, who often leave and come back.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Timer, active_count
from time import perf_counter, sleep
from typing import Any

import measure
import random_models
from rich.console import Console
from rich.table import Table
from seekline import model
from share_memory import footprint, memory

NEW_TOKENS = 4
PROMPT_TOKENS = 400
OTHERS_CHARACTERS = 500_000
SLOWEST_CANCEL_S = 0.02
LEAVES_AFTER = 100
"""Requests of one editor, on the average."""


@dataclass(frozen=True, kw_only=True)
class Typed:
    """The document before the cursor, and its last tokens."""

    before: str
    ids: tuple[int, ...]


def sources() -> list[str]:
    return [path.read_text("utf-8") for path in sorted(Path(model.__file__).parent.rglob("*.py"))]


def other_files() -> tuple[str, ...]:
    found: list[str] = []
    for text in sources():
        if sum(map(len, found)) > OTHERS_CHARACTERS:
            break
        found.append(text)
    return tuple(found)


def typing(tokenizer: model.Tokenizer, keys: int) -> Iterator[Typed]:
    text = max(sources(), key=len)
    for end in range(len(text) - keys, len(text)):
        ids = tokenizer.encode_text(text[max(0, end - 8 * PROMPT_TOKENS) : end])
        yield Typed(before=text[:end], ids=tuple(ids[-PROMPT_TOKENS:]))


def asked(engine: model.Engine, typed: Typed, others: tuple[str, ...], key: str = "main.py") -> model.CompletionRequest:
    info = engine.info().result()
    return model.CompletionRequest(
        ids=typed.ids,
        key=key,
        version=info.version,
        max_new_tokens=NEW_TOKENS,
        lookup=model.LookupText(before=typed.ids),
        copies=model.CopyTexts(before=typed.before, others=others) if info.copies else None,
    )


def timed(engine: model.Engine, request: model.CompletionRequest) -> tuple[float, float, list[int]]:
    """Milliseconds to the first piece and to the last, and the tokens."""
    start, first, ids = perf_counter(), 0.0, []
    for piece in engine.stream(request, Event()):
        first = first or perf_counter() - start
        ids += piece.ids
    return 1000 * first, 1000 * (perf_counter() - start), ids


def latency(here: model.Engine, there: model.Engine, keys: int) -> dict[str, Any]:
    tokenizer = here.info().result().tokenizer
    assert tokenizer is not None
    others = other_files()
    found: dict[str, list[float]] = {
        f"{which}, {what}": [] for what in ("first", "last") for which in ("here", "there")
    }
    for number, typed in enumerate(typing(tokenizer, keys + 5)):
        engines = {"here": here, "there": there}
        order = list(engines) if number % 2 else list(engines)[::-1]
        times = {which: timed(engines[which], asked(engines[which], typed, others)) for which in order}
        if times["here"][2] != times["there"][2]:
            raise SystemExit("the two do not write the same")
        if number < 5:  # the first prompts are computed whole
            continue
        for which, (first, last, _) in times.items():
            found[f"{which}, first"].append(first)
            found[f"{which}, last"].append(last)
    return found


def report_latency(found: dict[str, list[float]]) -> None:
    table = Table("milliseconds", "median", "95 %", "99 %", box=None)
    for what in ("first", "last"):
        here, there = found[f"here, {what}"], found[f"there, {what}"]
        more = [two - one for one, two in zip(here, there, strict=True)]
        for name, values in (("in process", here), ("shared", there), ("shared takes longer by", more)):
            cells = [statistics.median(values), measure.percentile(values, 95), measure.percentile(values, 99)]
            table.add_row(f"{what} token, {name}", *(f"{cell:.2f}" for cell in cells))
    Console(width=120).print(table)


@contextmanager
def place() -> Iterator[model.EnginePlace]:
    with tempfile.TemporaryDirectory(prefix="seekline-bench-") as folder:
        made = model.EnginePlace(folder=Path(folder) / "run", name="engine-bench")
        yield made
        model.stop_engine(made)


def wish(name: str) -> model.LocalModel:
    request = model.ModelRequest(model=name, device="cpu")
    return model.LocalModel(request=request, base=Path.cwd(), threads=1, max_new_tokens=NEW_TOKENS)


def engine_of(wanted: model.LocalModel, where: model.EnginePlace | None) -> model.ChosenEngine:
    engine = model.ChosenEngine(lambda _: None)
    if where is None:
        engine.load(wanted)
    else:
        client = model.ClientName(name="bench", pid=os.getpid())
        engine.load(model.SharedModel(local=wanted, place=where, client=client, keep_s=None))
    engine.info().result()
    return engine


@dataclass(frozen=True, kw_only=True)
class Soak:
    """What the editors of one soak have in common. `expected`: what is written for each of `requests`."""

    wanted: model.LocalModel
    where: model.EnginePlace
    prompts: Sequence[Typed]
    expected: Sequence[list[int]]


def visit(soak: Soak, seed: int, requests: int) -> Counter[str]:
    """One editor's requests, by how they ended."""
    draw = random.Random(seed)
    ends: Counter[str] = Counter()
    engine = engine_of(soak.wanted, soak.where)
    for _ in range(requests):
        if draw.random() < 1 / LEAVES_AFTER:
            engine.close(10)
            engine = engine_of(soak.wanted, soak.where)
            ends["reconnects"] += 1
        number = draw.randrange(len(soak.prompts))
        cancel, timer = Event(), None
        if draw.random() < 0.5:
            timer = Timer(draw.random() * SLOWEST_CANCEL_S, cancel.set)
            timer.start()
        try:
            ids = _answer(engine, soak.prompts[number], f"{draw.randrange(4)}.py", cancel)
            ends["complete" if ids == soak.expected[number] else "WRONG"] += 1
        except model.Cancelled:
            ends["cancelled"] += 1
        if timer is not None:
            timer.cancel()
    engine.close(10)
    return ends


def _answer(engine: model.Engine, typed: Typed, key: str, cancel: Event) -> list[int]:
    return [id for piece in engine.stream(asked(engine, typed, (), key), cancel) for id in piece.ids]


def soaked(wanted: model.LocalModel, where: model.EnginePlace, here: model.Engine, requests: int) -> dict[str, Any]:
    tokenizer = here.info().result().tokenizer
    assert tokenizer is not None
    prompts = list(typing(tokenizer, 16))
    expected = [_answer(here, typed, "main.py", Event()) for typed in prompts]
    soak = Soak(wanted=wanted, where=where, prompts=prompts, expected=expected)
    visit(soak, 0, 20)
    status = model.engine_status(where)
    assert status is not None
    threads = active_count()
    before, start = footprint(status.pid), perf_counter()
    with ThreadPoolExecutor(4) as pool:
        ends = sum(pool.map(lambda seed: visit(soak, seed, requests // 4), range(1, 5)), Counter())
    took = perf_counter() - start
    sleep(1)
    after = footprint(status.pid)
    while (left := model.engine_status(where)) is not None and left.host.models:  # some seconds, then it is unloaded
        sleep(1)
    return {
        "seconds": took,
        "ends": dict(ends),
        "engine before": before,
        "engine after": after,
        "engine without a model": footprint(status.pid),
        "threads left here": active_count() - threads,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--soak", type=int, default=0, metavar="REQUESTS")
    parser.add_argument("--write", metavar="NAME", help="also write bench/results/NAME.json")
    given = parser.parse_args()
    name = str(random_models.random_model(given.model)) if given.model in random_models.SHAPES else given.model
    found: dict[str, Any] = {"model": given.model, "load": os.getloadavg()[0]}
    if given.memory:
        found["memory_mb"] = asyncio.run(memory())
        print(found["memory_mb"])
    with place() as where:
        wanted = wish(name)
        here, there = engine_of(wanted, None), engine_of(wanted, where)
        if given.keys:
            found["latency_ms"] = latency(here, there, given.keys)
            report_latency(found["latency_ms"])
        there.close(10)
        if given.soak:
            found["soak"] = soaked(wanted, where, here, given.soak)
            print(found["soak"])
        here.close(10)
    if given.write:
        measure.save(given.write, found)


if __name__ == "__main__":
    main()
