"""The engine against transformers and llama.cpp, on the same weights and prompts, in turn in one run.

    python bench/engine.py [--model 1.3b | embedded | FOLDER] [--quantization int8] [--threads 2] [--repeats 5]
                           [--context 512] [--llama-cpp PYTHON] [--no-transformers] [--growth] [--write NAME]

Measured: a further token; the tokens of a prompt by second; the first token after one character was typed in a prompt
of `--context` tokens with a suffix of 128; and what a cancel waits for. `--llama-cpp` is a Python that has
llama-cpp-python and gguf, for q4_0 weights (bench/peer_llama_cpp.py). Drafts are off, but in their own row.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Timer
from time import perf_counter

import measure
import random_models
import torch
from peer_llama_cpp import LlamaCpp
from rich.console import Console
from rich.table import Table
from seekline import model

SUFFIX_TOKENS = 128
NEW_TOKENS = 16
DRAFTS = "seekline, drafts"  # over the engine of the row before it, so that only its tokens tell anything
READ_BYTES = 1 << 29


def read_bandwidth() -> float:
    """Bytes that this machine reads from memory in a second, with torch's threads."""
    data = torch.ones(READ_BYTES // 4)
    times = []
    for _ in range(5):
        started = perf_counter()
        data.sum()
        times.append(perf_counter() - started)
    return READ_BYTES / min(times)


def weight_bytes(loaded: model.LoadedModel) -> float:
    """Bytes of weights that a token reads, by the plan's format; the embedding's single row is nothing."""
    shape = loaded.plan.checkpoint.llama
    assert shape is not None
    weights = shape.layers * sum(outputs * inputs for outputs, inputs in shape.linears())
    bits = {"none": 8 * getattr(torch, loaded.plan.dtype).itemsize, "int8": 8, "int4": 4.5}
    head = shape.vocabulary * shape.hidden * (1 if loaded.plan.quantization != "none" else bits["none"] / 8)
    return weights * bits[loaded.plan.quantization] / 8 + head


def ours(loaded: model.LoadedModel, *, drafts: bool = False) -> measure.Program:
    def run(ids: Sequence[int], new_tokens: int) -> float:
        lookup = model.PromptLookup(ids) if drafts else None
        tokens = loaded.engine.generate(ids, max_new_tokens=new_tokens, cancel=Event(), lookup=lookup)
        return measure.timed(lambda: list(tokens))

    return run


def prompts(count: int, length: int) -> list[list[int]]:
    """Prompts that share nothing."""
    chance = random.Random(0)
    return [[chance.randrange(6, 4000) for _ in range(length)] for _ in range(count)]


def typed(ids: Sequence[int]) -> list[int]:
    """The prompt after one more character: a token more before the suffix, which so stands elsewhere."""
    return [*ids[:-SUFFIX_TOKENS], 7, *ids[-SUFFIX_TOKENS:]]


def times(programs: dict[str, measure.Program], repeats: int, length: int) -> dict[str, dict[str, list[float]]]:
    """Milliseconds by measure and program, each prompt by all programs in turn."""
    found: dict[str, dict[str, list[float]]] = {}
    for number, ids in enumerate(prompts(repeats + 1, length)):
        for name, run in programs.items():
            cold = run(ids, 1)
            after = run(typed(ids), 1)
            again = run(typed(ids), 1)
            further = (run(typed(ids), 1 + NEW_TOKENS) - again) / NEW_TOKENS
            rows = {"further token": further, "typed a character": after, "prompt, per token": cold / length}
            for measured, value in rows.items():
                if number and (name != DRAFTS or measured == "further token"):  # the first is for warming up
                    found.setdefault(measured, {}).setdefault(name, []).append(value)
    return found


def cancel_times(loaded: model.LoadedModel, length: int, repeats: int) -> list[float]:
    """Milliseconds from a cancel in the midst of a prompt to the idle device."""
    waited = []
    for ids in prompts(repeats, length):
        cancel, asked = Event(), list[float]()
        timer = Timer(0.3, lambda asked=asked, cancel=cancel: (asked.append(perf_counter()), cancel.set()))
        timer.start()
        try:
            list(loaded.engine.generate(ids, max_new_tokens=200, cancel=cancel))
        except model.Cancelled:
            waited.append(1000 * (perf_counter() - asked[0]))
        timer.cancel()
    return waited


def growth(loaded: model.LoadedModel) -> None:
    """What a further token and a prompt cost as the context grows."""
    table = Table("context", "further token ms", "prompt tokens/s", box=None)
    longest = loaded.engine.context_tokens
    for length in (n for n in (512, 1024, 2048, 4096, 8192, 16384) if n <= longest):
        run, (ids,) = ours(loaded), prompts(1, length - NEW_TOKENS - 1)
        cold = run(ids, 1)
        further = statistics.median((run(ids, 1 + NEW_TOKENS) - run(ids, 1)) / NEW_TOKENS for _ in range(3))
        table.add_row(str(length), f"{further:.1f}", f"{1000 * length / cold:.0f}")
    Console().print(table)


def report(loaded: model.LoadedModel, given: argparse.Namespace) -> dict[str, object]:
    programs = {"seekline": ours(loaded), DRAFTS: ours(loaded, drafts=True)}
    peer = None
    if not given.no_transformers:
        programs["transformers"] = measure.by_transformers(loaded.plan)
    if given.llama_cpp:
        threads, room = torch.get_num_threads(), given.context + 2 * NEW_TOKENS
        peer = LlamaCpp(given.llama_cpp, loaded.plan.source.folder, threads, room)
        programs["llama.cpp q4_0"] = peer.generate
    found = times(programs, given.repeats, given.context)
    table = Table("ms", *programs, *(f"{name} / seekline" for name in programs if "seekline" not in name), box=None)
    for measured, by_program in found.items():
        base = by_program["seekline"]
        ratios = [
            measure.spread([other / own for other, own in zip(by_program[name], base, strict=True)], 2)
            for name in programs
            if "seekline" not in name
        ]
        table.add_row(measured, *(_cell(by_program.get(name)) for name in programs), *ratios)
    Console(width=160).print(table)
    if peer is not None:
        peer.close()
    return {"milliseconds": found}


def _cell(values: Sequence[float] | None) -> str:
    return measure.spread(values, 2) if values else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="1.3b", help="1.3b, 5.7bmqa, 6.7b with random weights; embedded; a folder")
    parser.add_argument("--quantization", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--llama-cpp", type=Path, metavar="PYTHON")
    parser.add_argument("--no-transformers", action="store_true")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--write", metavar="NAME", help="also write bench/results/NAME.json")
    given = parser.parse_args()
    name = str(random_models.random_model(given.model)) if given.model in random_models.SHAPES else given.model
    wanted = model.Wanted(model=name, quantization=given.quantization, dtype=given.dtype)
    started = perf_counter()
    loaded = model.load_model(model.make_plan(wanted, base=Path.cwd()), threads=given.threads)
    load_s = perf_counter() - started
    bandwidth, read = read_bandwidth(), weight_bytes(loaded)
    floor = 1000 * read / bandwidth
    print(f"{loaded.plan.summary}; loaded in {load_s:.1f} s; {torch.get_num_threads()} threads")
    print(
        f"a token reads {read / 1e9:.3f} GB of weights; memory gives {bandwidth / 1e9:.0f} GB/s: {floor:.1f} ms at best"
    )
    if given.growth:
        growth(loaded)
        return
    result = report(loaded, given)
    waited = cancel_times(loaded, min(max(given.context, 1024), loaded.engine.context_tokens - 1), given.repeats)
    if waited:
        print(f"cancel in a prompt to the idle device: {measure.spread(waited)} ms, {max(waited):.0f} longest")
    if given.write:
        facts = {"model": loaded.plan.summary, "context": given.context, "load_s": load_s, "floor_ms": floor}
        print(measure.save(given.write, {**facts, **result, "cancel_ms": waited}))


if __name__ == "__main__":
    main()
