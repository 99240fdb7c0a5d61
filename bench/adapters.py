"""What a LoRA adapter costs beside the weights, and how long it takes to exchange one, in turn in one run.

    python bench/adapters.py [--model 1.3b | embedded | FOLDER | FILE.gguf] [--rank 16] [--quantization auto]
                             [--threads 2] [--repeats 7] [--context 256] [--write NAME]

The adapter is a random one of all seven projections of a layer, in float32, as PEFT saves it. Measured with and without
it, each prompt in turn: a further token, and the tokens of a prompt; the time from the wish for another adapter to an
engine that is ready to write with it; and, with a running server, the time from an adapter that was just learned from
its workspace to the end of a completion with it, beside one without a change.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import measure
import random_models
import torch
import workload
from editor_client import opened, request, started, status, stopped, until_ready
from pygls.lsp.client import LanguageClient
from rich.console import Console
from rich.table import Table
from safetensors.torch import save_file
from seekline import model
from seekline.model.catalogue import learned
from seekline.model.loading.load import read_adapter_of

NEW_TOKENS = 16
WITH, WITHOUT = "with the adapter", "without"
SCALE = 0.01  # so small that the model computes what numbers can hold


def save_random_adapter(folder: Path, base: Path, *, rank: int, seed: int) -> Path:
    """A random adapter of every projection of the model in `base`."""
    config = model.inspect(base).llama
    assert config is not None, "adapters run on models of the Llama architecture"
    generator = torch.Generator().manual_seed(seed)
    tensors: dict[str, torch.Tensor] = {}
    for name, shape in config.tensors():
        if name.endswith("_proj.weight"):
            stem = f"base_model.model.{name.removesuffix('.weight')}"
            outputs, inputs = shape
            tensors[f"{stem}.lora_A.weight"] = SCALE * torch.randn(rank, inputs, generator=generator)
            tensors[f"{stem}.lora_B.weight"] = SCALE * torch.randn(outputs, rank, generator=generator)
    folder.mkdir()
    save_file(tensors, folder / "adapter_model.safetensors")
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    table = {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank, "target_modules": targets}
    (folder / "adapter_config.json").write_text(json.dumps(table), "utf-8")
    return folder


def wanted(given: argparse.Namespace, base: str, adapter: Path | None) -> model.LocalModel:
    name = str(adapter) if adapter is not None else model.NO_ADAPTER
    request = model.ModelRequest(model=base, quantization=given.quantization, device="cpu", adapter=name)
    return model.LocalModel(request=request, base=Path.cwd(), threads=given.threads, max_new_tokens=NEW_TOKENS)


def exchanges(given: argparse.Namespace, base: str, adapters: list[Path]) -> tuple[float, list[float]]:
    """Milliseconds until the model is ready with its first adapter, and with each one that takes its place."""
    engine = model.LocalEngine(lambda _: None)

    def load(adapter: Path | None) -> float:
        def ready() -> None:
            engine.load(wanted(given, base, adapter))
            engine.info().result()

        return measure.timed(ready)

    first = load(adapters[0])
    found = [load(adapters[turn % 2]) for turn in range(1, 2 * given.repeats)]
    engine.close(60)
    return first, found


def costs(given: argparse.Namespace, base: str, adapter: Path) -> dict[str, dict[str, list[float]]]:
    """Milliseconds by measure, with the adapter and without."""
    request = wanted(given, base, adapter).request
    plan = model.make_plan(request, base=Path.cwd())
    loaded = model.load_model(plan, threads=given.threads)
    weights = {WITH: read_adapter_of(plan), WITHOUT: None}
    run = workload.ours(loaded)
    found: dict[str, dict[str, list[float]]] = {"a further token": {}, "a token of a prompt": {}}
    for ids in workload.prompts(given.repeats, given.context):
        for name, one in weights.items():
            loaded.adapt(plan, one)
            cold = run(ids, 1)
            further = (run(ids, 1 + NEW_TOKENS) - run(ids, 1)) / NEW_TOKENS
            found["a further token"].setdefault(name, []).append(further)
            found["a token of a prompt"].setdefault(name, []).append(cold / given.context)
    return found


async def served(base: str, path: Path, adapters: list[Path], repeats: int) -> tuple[list[float], list[float]]:
    """Milliseconds of a completion by a server that runs: with the adapter of the one before, and with another one that
    was learned a moment ago. `path`: where the base lies."""
    with TemporaryDirectory() as folder:
        os.environ[learned.HOME_VARIABLE] = str(Path(folder) / "adapters")
        workspace = Path(folder) / "project"
        workspace.mkdir()
        client = (await started(base, root=workspace))[0]
        await until_ready(client)
        unchanged: list[float] = []
        exchanged: list[float] = []
        for turn in range(repeats):
            draft = shutil.copytree(adapters[turn % 2], Path(folder) / f"draft-{turn}")
            unchanged.append(await completed(client, f"file:///bench/before_{turn}.py"))
            place = learned.publish(learned.learned_folder(workspace, path), draft, repository=workspace, base=path)
            exchanged.append(await completed(client, f"file:///bench/after_{turn}.py"))
            said = (await status(client))["reason"]
            assert str(place) in said, said
        await stopped(client)
    return unchanged, exchanged


async def completed(client: LanguageClient, uri: str) -> float:
    opened(client, "def add(first, second):\n    return ", uri)
    started_s = perf_counter()
    await request(client, 1, uri, uri, len("    return "))
    return 1000 * (perf_counter() - started_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="1.3b", help="1.3b, 5.7bmqa, 6.7b with random weights; embedded; a path")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--quantization", default="auto")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--context", type=int, default=256)
    parser.add_argument("--write", metavar="NAME", help="write bench/results/NAME.json")
    given = parser.parse_args()
    base = str(random_models.random_model(given.model)) if given.model in random_models.SHAPES else given.model
    path = model.find_source(base, base=Path.cwd()).path
    with TemporaryDirectory() as folder:
        adapters = [save_random_adapter(Path(folder) / str(n), path, rank=given.rank, seed=n) for n in range(2)]
        size = (adapters[0] / "adapter_model.safetensors").stat().st_size
        found = costs(given, base, adapters[0])
        first, later = exchanges(given, base, adapters)
        unchanged, exchanged = asyncio.run(served(base, path, adapters, given.repeats))
    table = Table("ms", WITH, WITHOUT, "with / without", box=None)
    for name, by_program in found.items():
        ratios = [one / other for one, other in zip(by_program[WITH], by_program[WITHOUT], strict=True)]
        table.add_row(
            name, measure.spread(by_program[WITH], 2), measure.spread(by_program[WITHOUT], 2), measure.spread(ratios, 3)
        )
    print(f"{given.model}, rank {given.rank}: {size / 1e6:.1f} MB")
    Console(width=120).print(table)
    print(f"ready with the first adapter after {first:.0f} ms, with another one after {measure.spread(later, 0)} ms")
    print(
        f"a completion by a running server: {measure.spread(unchanged, 0)} ms, with an adapter learned a moment ago "
        f"{measure.spread(exchanged, 0)} ms"
    )
    if given.write:
        times = {"first_ms": first, "another_ms": later, "served_ms": unchanged, "served_after_learning_ms": exchanged}
        settings = {"model": given.model, "rank": given.rank, "adapter_bytes": size}
        print(measure.save(given.write, {**settings, "costs_ms": found, **times}))


if __name__ == "__main__":
    main()
