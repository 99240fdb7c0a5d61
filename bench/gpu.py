"""The engine on a GPU, at random weights in the shapes of DeepSeek Coder: a table, and a file of results per model.

    python bench/gpu.py [--device cuda] [--models 1.3b 6.7b] [--quantizations none nf4 int4] [--out FOLDER]
                        [--no-transformers] [--quick]

Measured: a further token, as share of what reading weights and KV cache takes at the bandwidth of this device, and
against transformers' `generate` in the plain number format, with its growing cache and with its static one, compiled;
the first token after each character that is typed in a long prompt; what a cancel waits for until the device is idle;
and how tokens and prompts grow with the context. What one part cannot do is noted in its place, and the next goes on.
bench/gpu_suite.sh runs it, behind the GPU tests. `--quick --device cpu --models tiny` tries the program itself.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import measure
import random_models
import torch
import workload
from rich.console import Console
from rich.table import Table
from seekline import model

QUANTIZATIONS = ("none", "nf4", "int4")
PEERS = {"transformers": False, "transformers, static and compiled": True}
CANCEL_AFTER_S = 0.2
CANCELLED_TOKENS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How much is measured: prompts of `context` tokens, whose `new_tokens` are timed; `characters` that are typed in a
    prompt of `typing_context`; contexts of `lengths` tokens."""

    repeats: int = 5
    context: int = 512
    new_tokens: int = 32
    typing_context: int = 4096
    characters: int = 40
    lengths: tuple[int, ...] = (512, 1024, 2048, 4096, 8192, 16384)


QUICK = Amounts(repeats=2, context=160, new_tokens=4, typing_context=256, characters=4, lengths=(512, 1024))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One number format of one model. Times in milliseconds."""

    load_s: float
    token_bytes: float
    floor_ms: float
    further_ms: list[float]
    prompt_ms: float
    typed_ms: list[float]
    cancel_in_decode_ms: list[float]
    cancel_in_prompt_ms: list[float]
    growth: list[workload.Growth]


def further_ms(run: measure.Program, amounts: Amounts) -> list[float]:
    """Milliseconds of a further token, from the time of twice as many tokens: what a program does once counts not."""
    found, few = [], amounts.new_tokens
    for ids in workload.prompts(1 + amounts.repeats, amounts.context):
        run(ids, 1)
        longer = run(ids, 1 + 2 * few)
        found.append((longer - run(ids, 1 + few)) / few)
    return found[1:]  # the first also compiled and recorded


def measured(plan: model.Plan, amounts: Amounts, bandwidth: float, cache: Path) -> Measured:
    started = perf_counter()
    loaded = model.load_model(plan, threads=model.compute_threads(), cache=cache / "quantized")
    load_s, run = perf_counter() - started, workload.ours(loaded)
    read = workload.token_bytes(loaded, amounts.context + 3 * amounts.new_tokens // 2)
    tokens = further_ms(run, amounts)
    prompt_ms, *typed_ms = (run(ids, 1) for ids in workload.typing(amounts.typing_context, 1 + amounts.characters))
    growth = workload.growth(loaded, amounts.lengths, amounts.new_tokens)
    longest = growth[-1]
    half_s = longest.context / longest.prompt_tokens_per_s / 2
    # The cache has grown, and a cancel shall not find its steps being recorded.
    run(workload.prompts(1, amounts.context)[0], 2 * amounts.new_tokens)

    def cancelled(length: int, after_s: float) -> list[float]:
        asked = workload.prompts(amounts.repeats, length)
        return workload.cancel_times(loaded, asked, new_tokens=CANCELLED_TOKENS, after_s=after_s)

    return Measured(
        load_s=load_s,
        token_bytes=read,
        floor_ms=1000 * read / bandwidth,
        further_ms=tokens,
        prompt_ms=prompt_ms,
        typed_ms=typed_ms,
        cancel_in_decode_ms=cancelled(amounts.context, CANCEL_AFTER_S),
        cancel_in_prompt_ms=cancelled(longest.context - 2, half_s),
        growth=growth,
    )


def attempt(action: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `action` gives, or why it could not, so that what comes after it is measured all the same."""
    try:
        return action()
    except model.ModelError as error:
        return {"skipped": str(error)}
    except Exception as error:  # noqa: BLE001
        traceback.print_exc()
        return {"failed": f"{type(error).__name__}: {error}"}
    finally:
        gc.collect()
        torch.cuda.empty_cache()


def measure_model(name: str, given: argparse.Namespace, bandwidth: float) -> dict[str, Any]:
    """All of one model; what is known is written after each part, since a lent machine may go before the last."""
    amounts = QUICK if given.quick else Amounts()
    folder = random_models.random_model(name, device=given.device, cache=given.cache)
    result: dict[str, Any] = {"model": name, "bandwidth": bandwidth, "amounts": asdict(amounts)}

    def plan(quantization: Any = "none") -> model.Plan:
        options = {"device": given.device, "quantization": quantization, "sequence_tokens": max(amounts.lengths)}
        return model.make_plan(model.ModelRequest(model=str(folder), **options), base=folder)

    def keep(group: str, part: str, action: Callable[[], dict[str, Any]]) -> None:
        started = perf_counter()
        result.setdefault(group, {})[part] = attempt(action)
        measure.save(f"gpu-{name}", result, given.out)
        print(f"{name}, {part}: {perf_counter() - started:.0f} s", flush=True)

    def own(quantization: str) -> dict[str, Any]:
        return asdict(measured(plan(quantization), amounts, bandwidth, given.cache))

    def peer(static: bool) -> dict[str, Any]:
        return {"further_ms": further_ms(measure.by_transformers(plan(), static=static), amounts)}

    for quantization in given.quantizations:
        keep("formats", quantization, partial(own, quantization))
    for name_of_peer, static in {} if given.no_transformers else PEERS.items():
        keep("peers", name_of_peer, partial(peer, static))
    return result


def table(result: dict[str, Any]) -> Table:
    """A row per number format; each peer as how many times longer it takes for a further token."""
    columns = ("further token ms", "at best", "of it", *PEERS, "typed p50", "p95", "cancel", "in a prompt")
    found = Table(result["model"], *columns, box=None)
    peers = [result.get("peers", {}).get(peer, {}).get("further_ms") for peer in PEERS]
    for quantization, values in result["formats"].items():
        if why := values.get("skipped") or values.get("failed"):
            found.add_row(quantization, why)
            continue
        ours = statistics.median(values["further_ms"])
        found.add_row(
            quantization,
            measure.spread(values["further_ms"], 2),
            f"{values['floor_ms']:.2f}",
            f"{100 * values['floor_ms'] / ours:.0f} %",
            *(f"{statistics.median(times) / ours:.1f}" if times else "" for times in peers),
            *(f"{measure.percentile(values['typed_ms'], per_cent):.1f}" for per_cent in (50, 95)),
            *(_longest(values[f"cancel_in_{where}_ms"]) for where in ("decode", "prompt")),
        )
    return found


def _longest(waited: Sequence[float]) -> str:
    return f"{max(waited):.1f}" if waited else ""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--models", nargs="+", default=["1.3b", "6.7b"], choices=random_models.SHAPES)
    parser.add_argument("--quantizations", nargs="+", default=QUANTIZATIONS, choices=(*QUANTIZATIONS, "int8"))
    parser.add_argument("--out", type=Path, default=measure.RESULTS)
    parser.add_argument("--cache", type=Path, default=random_models.CACHE, help="where the random weights are kept")
    parser.add_argument("--no-transformers", action="store_true")
    parser.add_argument("--quick", action="store_true", help="as little as shows that it works")
    given = parser.parse_args(arguments)
    bandwidth = workload.read_bandwidth(given.device)
    print(f"{given.device} reads {bandwidth / 1e9:.0f} GB/s", flush=True)
    console = Console(width=200)
    for name in given.models:
        result = measure_model(name, given, bandwidth)
        console.print(table(result))
        for quantization, values in result["formats"].items():
            if rows := [workload.Growth(**row) for row in values.get("growth", ())]:
                console.print(f"\n{name}, {quantization}", workload.growth_table(rows))


if __name__ == "__main__":
    main()
