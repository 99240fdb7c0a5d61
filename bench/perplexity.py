"""What each quantization costs in quality: nats per token on source code, of the same windows in each format. Of a
quantized file, `none` is what its codes stand for, and `stored` how they are computed with.

    python bench/perplexity.py [PATH ...] [--model embedded | NAME | FOLDER] [--device cpu] [--tokens 20000]
                               [--window 512] [--rows 512] [--write NAME]

PATHs are files, and folders whose files it takes; by default this repository's own Python. Of their windows as many
are taken at random as have `--tokens` in all. A window is computed `--rows` tokens at a pass: 1 is how tokens are
generated, more is how prompts are read. The cost is the mean over windows of the difference to `none`, with its
standard error.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any
from unittest.mock import patch

import measure
import torch
from rich.console import Console
from rich.table import Table
from seekline import model

REPOSITORY = Path(__file__).resolve().parent.parent
OWN_FOLDERS = ("bench", "fim", "model", "server")
NEAREST = "int4, rounded to nearest"
FORMATS = ("none", "stored", "int8", "nf4", NEAREST, "int4")
_LEAST_TOKENS = 32


def texts(paths: Sequence[Path]) -> Iterator[str]:
    """What the files say; those that are not UTF-8 are left out."""
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and not file.is_symlink():
                with suppress(UnicodeDecodeError):
                    yield file.read_text("utf-8")


def windows(found: Iterable[str], tokenizer: model.Tokenizer, length: int, most_tokens: int) -> list[list[int]]:
    """Windows of at most `length` tokens, each of one text, behind the model's first token; about `most_tokens` in all,
    taken at random."""
    begin = [] if tokenizer.begin_token is None else [tokenizer.control_id(tokenizer.begin_token)]
    cut: list[list[int]] = []
    for text in found:
        ids = tokenizer.encode_text(text)
        for start in range(0, len(ids), length - len(begin)):
            window = ids[start : start + length - len(begin)]
            if len(window) >= _LEAST_TOKENS:
                cut.append([*begin, *window])
    random.Random(0).shuffle(cut)
    ends = accumulate(map(len, cut))
    return [window for window, end in zip(cut, ends, strict=True) if end - len(window) < most_tokens]


def nats(backend: model.Backend[Any], window: Sequence[int], rows: int) -> float:
    """Nats per token of a window, by passes over `rows` tokens."""
    kv, total = backend.new_kv(len(window)), 0.0
    for start in range(0, len(window) - 1, rows):
        ids = window[start : min(start + rows, len(window) - 1)]
        logits = backend.forward(ids, kv, Event(), logits=len(ids))
        targets = torch.tensor(window[start + 1 : start + 1 + len(ids)], device=logits.device)
        total += torch.nn.functional.cross_entropy(logits.float(), targets, reduction="sum").item()
    return total / (len(window) - 1)


def loaded_as(format: str, given: argparse.Namespace, cache: Path) -> model.LoadedModel:
    """The model with its weights in `format`, none of whose codes come from an earlier start."""
    quantization: Any = format.partition(",")[0]
    wanted = model.ModelRequest(model=given.model, device=given.device, quantization=quantization)
    rounded: AbstractContextManager[Any] = nullcontext()
    if format == NEAREST:
        rounded = patch(
            "seekline.model.backends.llama.quantization._fitted", lambda _, scale, zero, steps: (scale, zero)
        )
    with rounded:
        return model.load_model(model.make_plan(wanted, base=Path.cwd()), threads=given.threads, cache=cache / format)


def measured(given: argparse.Namespace, cache: Path) -> dict[str, list[float]]:
    """Nats per token by format, window by window."""
    found: dict[str, list[float]] = {}
    for format in FORMATS:
        try:
            loaded = loaded_as(format, given, cache)
        except model.UnsupportedQuantization as error:
            print(f"{format}: {error.problem}")
            continue
        length = min(given.window, loaded.engine.context_tokens)
        cut = windows(texts(given.paths), loaded.tokenizer, length, given.tokens)
        backend = loaded.engine._backend
        found[format] = [nats(backend, window, given.rows) for window in cut]
        print(f"{loaded.plan.summary}: {len(cut)} windows, {sum(map(len, cut))} tokens")
    return found


def table(found: dict[str, list[float]]) -> Table:
    shown = Table("format", "nats per token", "perplexity", "cost in nats", box=None)
    for format, values in found.items():
        mean = statistics.fmean(values)
        shown.add_row(format, f"{mean:.4f}", f"{math.exp(mean):.3f}", cost(values, found["none"]))
    return shown


def cost(values: Sequence[float], base: Sequence[float]) -> str:
    """The mean difference of the same windows, and its standard error."""
    differences = [value - other for value, other in zip(values, base, strict=True)]
    error = statistics.stdev(differences) / math.sqrt(len(differences)) if len(differences) > 1 else math.nan
    return f"{statistics.fmean(differences):+.4f} ± {error:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    own = [path for name in OWN_FOLDERS for path in sorted((REPOSITORY / name).rglob("*.py"))]
    parser.add_argument("paths", type=Path, nargs="*", default=own, metavar="PATH")
    parser.add_argument("--model", default=model.EMBEDDED)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=model.compute_threads())
    parser.add_argument("--tokens", type=int, default=20_000, help="at most so many in all")
    parser.add_argument("--window", type=int, default=512)
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--write", metavar="NAME", help="also write bench/results/NAME.json")
    given = parser.parse_args()
    with TemporaryDirectory() as cache:
        found = measured(given, Path(cache))
    Console(width=100).print(table(found))
    if given.write:
        means = {format: statistics.fmean(values) for format, values in found.items()}
        costs = {format: cost(values, found["none"]) for format, values in found.items()}
        facts = {"model": given.model, "device": given.device, "window": given.window, "rows": given.rows}
        print(measure.save(given.write, {**facts, "nats_per_token": means, "cost": costs}))


if __name__ == "__main__":
    main()
