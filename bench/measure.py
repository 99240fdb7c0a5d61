"""What the benchmarks share: medians with their spread, a table, and a file with the machine's name and versions."""

from __future__ import annotations

import atexit
import datetime
import json
import math
import platform
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import psutil
from rich.console import Console
from rich.table import Table
from seekline import model
from seekline.server.version import VERSION

_NEW_TOKENS = 96
RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measure of two programs, run in turn: milliseconds of each, and the ratios pair by pair."""

    measure: str
    seekline_ms: tuple[float, ...]
    other_ms: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        return [other / ours for ours, other in zip(self.seekline_ms, self.other_ms, strict=True)]


def engine(name: str, quantization: model.Quantization | Literal["auto"] = "auto") -> model.Engine:
    """The engine to measure, ready: a model's name or folder for one on this machine's CPU, else MODULE:FACTORY for any
    other."""
    module, _, factory = name.partition(":")
    if factory:
        return getattr(import_module(module), factory)()
    local = model.LocalEngine(lambda _: None)
    atexit.register(local.close, 10)
    request = model.ModelRequest(model=name, device="cpu", quantization=quantization)
    local.load(
        model.LocalModel(request=request, base=Path.cwd(), threads=model.compute_threads(), max_new_tokens=_NEW_TOKENS)
    )
    local.info().result()
    return local


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Median, and the range of the middle half."""
    low, high = quartiles(values)
    return f"{statistics.median(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    parts = statistics.quantiles(values, n=4)
    return parts[0], parts[2]


def print_rows(title: str, other: str, rows: Sequence[Row]) -> None:
    """A table: median and the middle half of each program, and how many times faster Seekline is."""
    table = Table(title=title, title_justify="left", box=None, header_style="bold")
    for column in ("measure", "Seekline ms", f"{other} ms", "times faster"):
        table.add_column(column, justify="left" if column == "measure" else "right")
    for row in rows:
        table.add_row(row.measure, spread(row.seekline_ms), spread(row.other_ms), spread(row.ratios, 2))
    console = Console()
    Console(width=max(console.width, 120)).print(table)


def percentile(values: Sequence[float], per_cent: int) -> float:
    """So that `per_cent` of the values are not above it."""
    return sorted(values)[max(0, math.ceil(len(values) * per_cent / 100) - 1)]


def wait_for(device: str) -> None:
    """Until a device has done all that it was given."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def timed(action: Callable[[], object]) -> float:
    """Milliseconds."""
    started = perf_counter()
    action()
    return 1000 * (perf_counter() - started)


Program = Callable[[Sequence[int], int], float]
"""From a prompt and a number of new tokens to the milliseconds until the last of them is there."""


def by_transformers(plan: model.Plan, *, static: bool = False) -> Program:
    """The same weights by transformers' `generate`, without quantization, and without anything kept between calls.
    `static`: over its static cache, for which it compiles its decode steps on a GPU."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    dtype = getattr(torch, plan.dtype)
    network: Any = AutoModelForCausalLM.from_pretrained(plan.source.folder, dtype=dtype).eval()
    network.to(plan.device.name)

    @torch.inference_mode()
    def run(ids: Sequence[int], new_tokens: int) -> float:
        inputs = torch.tensor([list(ids)], device=plan.device.name)
        options = {"max_new_tokens": new_tokens, "min_new_tokens": new_tokens, "do_sample": False, "pad_token_id": 0}
        options |= {"cache_implementation": "static"} if static else {}
        mask = torch.ones_like(inputs)
        return timed(lambda: network.generate(inputs, attention_mask=mask, **options)[0, -1].item())

    return run


def machine() -> dict[str, object]:
    """What a figure is worth nothing without."""
    import torch

    return {
        "date": datetime.date.today().isoformat(),
        "cpu": _cpu_name(),
        "cores": psutil.cpu_count(logical=False),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "driver": _driver(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {
            "seekline": VERSION,
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
            "transformers": version("transformers"),
            "bitsandbytes": _version("bitsandbytes"),
            "python": platform.python_version(),
        },
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _driver() -> str | None:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.check_output(command, text=True, stderr=subprocess.DEVNULL).split("\n")[0] or None
    except (OSError, subprocess.CalledProcessError):
        return None


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def save(name: str, result: Mapping[str, object], folder: Path = RESULTS) -> Path:
    """Writes NAME.json, with the machine and its versions, to `bench/results` or another folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps({**machine(), **result}, indent=1) + "\n", "utf-8")
    return path


def write(name: str, settings: dict[str, object], rows: Sequence[Row]) -> Path:
    """Writes measured pairs to `bench/results/NAME.json`."""
    found = [{**asdict(row), "ratio_median": statistics.median(row.ratios)} for row in rows]
    return save(name, {**settings, "rows": found})
