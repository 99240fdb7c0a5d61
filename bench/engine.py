"""The engine against transformers and llama.cpp, on the same weights and prompts, in turn in one run.

    python bench/engine.py [--model 1.3b | embedded | FOLDER | FILE.gguf] [--gguf TYPE] [--quantization auto]
                           [--threads 2] [--repeats 5] [--context 512] [--llama-cpp] [--no-transformers]
                           [--growth [LONGEST]] [--write NAME]

Measured: the first token of the first prompt after loading; a further token; the tokens of a prompt by second; the
first token after one character was typed in a prompt of `--context` tokens with a suffix of 128; and what a cancel
waits for. `--gguf` has a folder's weights written as GGUF first, and loads that file. `--llama-cpp` measures llama.cpp
beside, with the same GGUF file, or with a folder's weights as q4_0 (bench/peer_llama_cpp.py). Drafts are off, but in
their own row.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

import measure
import random_models
import torch
import workload
from gguf_of import gguf_of
from peer_llama_cpp import LlamaCpp
from rich.console import Console
from rich.table import Table
from seekline import model

NEW_TOKENS = 16
DRAFTS = "seekline, drafts"  # over the engine of the row before it, so that only its tokens tell anything
LENGTHS = (512, 1024, 2048, 4096, 8192, 16384)
CANCEL_AFTER_S = 0.3


def times(programs: dict[str, measure.Program], repeats: int, length: int) -> dict[str, dict[str, list[float]]]:
    """Milliseconds by measure and program, each prompt by all programs in turn."""
    found: dict[str, dict[str, list[float]]] = {}
    for number, ids in enumerate(workload.prompts(repeats + 1, length)):
        for name, run in programs.items():
            cold = run(ids, 1)
            after = run(workload.typed(ids), 1)
            again = run(workload.typed(ids), 1)
            further = (run(workload.typed(ids), 1 + NEW_TOKENS) - again) / NEW_TOKENS
            rows = {"further token": further, "typed a character": after, "prompt, per token": cold / length}
            if not number:
                rows = {"first token after loading": cold}
            for measured, value in rows.items():
                if name != DRAFTS or measured == "further token":
                    found.setdefault(measured, {}).setdefault(name, []).append(value)
    return found


def report(loaded: model.LoadedModel, given: argparse.Namespace) -> dict[str, object]:
    programs = {"seekline": workload.ours(loaded), DRAFTS: workload.ours(loaded, drafts=True)}
    peer = None
    if not given.no_transformers:
        programs["transformers"] = measure.by_transformers(loaded.plan)
    if given.llama_cpp:
        path = loaded.plan.source.path
        same = path if path.suffix == ".gguf" else gguf_of(path, "q4_0")
        peer = LlamaCpp(same, given.threads, given.context + 2 * NEW_TOKENS)
        programs[f"llama.cpp {same.stem}"] = peer.generate
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


def load(given: argparse.Namespace) -> model.LoadedModel:
    name = str(random_models.random_model(given.model)) if given.model in random_models.SHAPES else given.model
    if given.gguf:
        name = str(gguf_of(model.find_source(name, base=Path.cwd()).path, given.gguf))
    wanted = model.ModelRequest(model=name, quantization=given.quantization, dtype=given.dtype)
    return model.load_model(model.make_plan(wanted, base=Path.cwd()), threads=given.threads)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="1.3b", help="1.3b, 5.7bmqa, 6.7b with random weights; embedded; a path")
    parser.add_argument("--gguf", metavar="TYPE", help="f16, q4_0, q4_1, q5_0, q5_1 or q8_0")
    parser.add_argument("--quantization", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--llama-cpp", action="store_true")
    parser.add_argument("--no-transformers", action="store_true")
    parser.add_argument(
        "--growth", type=int, nargs="?", const=LENGTHS[-1], metavar="LONGEST", help="by context instead"
    )
    parser.add_argument("--write", metavar="NAME", help="also write bench/results/NAME.json")
    given = parser.parse_args()
    started = perf_counter()
    loaded = load(given)
    load_s = perf_counter() - started
    bandwidth, read = workload.read_bandwidth(), workload.token_bytes(loaded)
    floor = 1000 * read / bandwidth
    print(f"{loaded.plan.summary}; loaded in {load_s:.1f} s; {torch.get_num_threads()} threads")
    print(
        f"a token reads {read / 1e9:.3f} GB of weights; memory gives {bandwidth / 1e9:.0f} GB/s: {floor:.1f} ms at best"
    )
    if given.growth:
        rows = workload.growth(loaded, [length for length in LENGTHS if length <= given.growth], NEW_TOKENS)
        Console().print(workload.growth_table(rows))
        if given.write:
            print(measure.save(given.write, {"model": loaded.plan.summary, "growth": [asdict(row) for row in rows]}))
        return
    result = report(loaded, given)
    asked = workload.prompts(given.repeats, min(max(given.context, 1024), loaded.engine.context_tokens - 1))
    waited = workload.cancel_times(loaded, asked, new_tokens=200, after_s=CANCEL_AFTER_S)
    if waited:
        print(f"cancel in a prompt to the idle device: {measure.spread(waited)} ms, {max(waited):.0f} longest")
    if given.write:
        facts = {"model": loaded.plan.summary, "context": given.context, "load_s": load_s, "floor_ms": floor}
        print(measure.save(given.write, {**facts, **result, "cancel_ms": waited}))


if __name__ == "__main__":
    main()
