"""What engine.py and gpu.py measure of one loaded engine: prompts, milliseconds, and the bytes that a token reads."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Timer
from time import perf_counter

import measure
import torch
from rich.table import Table
from seekline import model

SUFFIX_TOKENS = 128
READ_BYTES = {"cpu": 1 << 29, "cuda": 1 << 32}
READS = 5


def read_bandwidth(device: str = "cpu") -> float:
    """Bytes that a device reads from its memory in a second; on a CPU with torch's threads."""
    size = READ_BYTES[device.partition(":")[0]]
    data = torch.ones(size // 4, device=device)
    # Several in a row, so that waiting for a GPU counts for little.
    times = [measure.timed(lambda: [data.sum() for _ in range(READS)][-1].item()) for _ in range(READS)]
    return 1000 * READS * size / min(times)


def token_bytes(loaded: model.LoadedModel, context: int = 0) -> float:
    """Bytes that a token reads: weights, by the plan's format, and the KV cache of `context` tokens. Of the embedding
    it is a single row."""
    plan, shape = loaded.plan, loaded.plan.checkpoint.llama
    assert shape is not None
    weights = shape.layers * sum(outputs * inputs for outputs, inputs in shape.linears())
    plain = getattr(torch, plan.dtype).itemsize
    if plan.quantization == "stored":
        return float(plan.checkpoint.stored_bytes or 0)
    # Four bits, and a scale for each group: of 64 weights 32 bits in int4 and nf4.
    each = {"none": plain, "int8": 1, "int4": 4.5 / 8, "nf4": 4.5 / 8}[plan.quantization]
    head = 1 if plan.quantization in ("int4", "int8") and plan.device.kind == "cpu" else plain
    kv = loaded.engine._backend.kv_bytes_per_token * context
    return weights * each + shape.vocabulary * shape.hidden * head + kv


def ours(loaded: model.LoadedModel, *, drafts: bool = False) -> measure.Program:
    def run(ids: Sequence[int], new_tokens: int) -> float:
        lookup = model.PromptLookup(ids) if drafts else None
        tokens = loaded.engine.generate(ids, max_new_tokens=new_tokens, cancel=Event(), lookup=lookup)
        return measure.timed(lambda: list(tokens))

    return run


def prompts(count: int, length: int) -> list[list[int]]:
    """Prompts that share nothing, nor with those of another length."""
    chance = random.Random(length)
    return [[chance.randrange(6, 4000) for _ in range(length)] for _ in range(count)]


def typed(ids: Sequence[int], character: int = 7) -> list[int]:
    """The prompt after one more character: a token more before the suffix, which so stands elsewhere."""
    return [*ids[:-SUFFIX_TOKENS], character, *ids[-SUFFIX_TOKENS:]]


def typing(length: int, characters: int) -> Iterator[list[int]]:
    """The prompts of someone who types one character after the other; the first is of `length` tokens."""
    (ids,) = prompts(1, length)
    for character in range(characters):
        yield ids
        ids = typed(ids, 6 + character)


def cancel_times(
    loaded: model.LoadedModel, asked: Sequence[Sequence[int]], *, new_tokens: int, after_s: float
) -> list[float]:
    """Milliseconds from a cancel, so long after each prompt was asked, to the idle device; without those that were
    complete before it."""
    waited = []
    for ids in asked:
        cancel, cancelled_at = Event(), list[float]()

        def stop(cancel: Event = cancel, cancelled_at: list[float] = cancelled_at) -> None:
            cancelled_at.append(perf_counter())
            cancel.set()

        timer = Timer(after_s, stop)
        timer.start()
        with suppress(model.Cancelled):
            list(loaded.engine.generate(ids, max_new_tokens=new_tokens, cancel=cancel))
            cancelled_at.clear()
        timer.cancel()
        measure.wait_for(loaded.plan.device.name)
        waited += [1000 * (perf_counter() - at) for at in cancelled_at]
    return waited


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What a context of so many tokens costs: each further token, and a prompt, in tokens by second."""

    context: int
    further_ms: float
    prompt_tokens_per_s: float


def growth(loaded: model.LoadedModel, lengths: Sequence[int], new_tokens: int) -> list[Growth]:
    run, found = ours(loaded), list[Growth]()
    for length in (n for n in lengths if n <= loaded.engine.context_tokens):
        (ids,) = prompts(1, length - new_tokens - 1)
        cold = run(ids, 1)
        run(ids, 1 + new_tokens)  # the cache has grown, and its steps are recorded
        further = statistics.median((run(ids, 1 + new_tokens) - run(ids, 1)) / new_tokens for _ in range(3))
        speed = 1000 * len(ids) / cold
        found.append(Growth(context=length, further_ms=further, prompt_tokens_per_s=speed))
    return found


def growth_table(rows: Sequence[Growth]) -> Table:
    table = Table("context", "further token ms", "prompt tokens/s", box=None)
    for row in rows:
        table.add_row(str(row.context), f"{row.further_ms:.2f}", f"{row.prompt_tokens_per_s:.0f}")
    return table
