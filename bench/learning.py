"""What learning from a repository brings a model: the commands `seekline learn data` and `seekline learn train`, one
after the other, on several repositories and models.

    python bench/learning.py --repository DIR ... [--model embedded | FOLDER ...] [--minutes 6] [--samples 40]
                             [--limit 4000] [--row-tokens 256] [--epochs 2] [--threads 2] [--out DIR] [--write NAME]

For each repository: files in and out of the five stages, samples; for each model the loss in nats per token on files
that were held out, and on other code, before and after, and the verdict. What is done below --out is not done again.
Adapters are kept below --out, not in the user's own folder.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import measure
from rich.console import Console
from rich.table import Table
from seekline.model.catalogue.learned import HOME_VARIABLE

COLUMNS = ("repository", "files", "samples", "model", "held-out", "change", "elsewhere", "change", "verdict", "min")


def seekline(*arguments: object) -> None:
    """The command, as a user gives it. Ends the benchmark where it fails."""
    command = [sys.executable, "-m", "seekline.server", *map(str, arguments)]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(f"failed: {' '.join(command)}")


def learned(repository: Path, model: str, given: argparse.Namespace) -> dict[str, Any]:
    """The reports of both commands."""
    name = Path(model).name
    data, training = given.out / repository.name / f"data-{name}", given.out / repository.name / f"train-{name}"
    options = ["--samples", given.samples, "--limit", given.limit]
    seekline("learn", "data", repository, "--out", data, "--model", model, *options)
    options = ["--minutes", given.minutes, "--threads", given.threads, "--epochs", given.epochs]
    options += ["--row-tokens", given.row_tokens, "--samples", data, "--out", training]
    seekline("learn", "train", repository, "--model", model, *options)
    return {
        "repository": repository.name,
        "model": name,
        "data": json.loads((data / "report.json").read_text("utf-8")),
        "training": json.loads((training / "report.json").read_text("utf-8")),
    }


def row(found: dict[str, Any]) -> list[str]:
    data, training = found["data"], found["training"]
    verdict = training["verdict"]
    stages = data["repositories"][0]["stages"]
    files = f"{stages[0]['files_in']} → {stages[-1]['files_out']}"
    cells = [found["repository"], files, str(data["samples"]), found["model"]]
    for change in (verdict["held_out"], verdict["elsewhere"]):
        cells += [f"{change['before']:.3f} → {change['after']:.3f}", f"{change['relative']:+.1%}"]
    return [*cells, "gain" if training["gain"] else "no gain", f"{training['seconds'] / 60:.1f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repository", type=Path, action="append", required=True)
    parser.add_argument("--model", action="append")
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--samples", type=int, default=40)
    parser.add_argument("--limit", type=int, default=4000)
    parser.add_argument("--row-tokens", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(".bench/learning"))
    parser.add_argument("--write", metavar="NAME", help="write bench/results/NAME.json")
    given = parser.parse_args()
    os.environ[HOME_VARIABLE] = str(given.out / "adapters")
    results = [
        learned(repository.resolve(), model, given)
        for model in given.model or ["embedded"]
        for repository in given.repository
    ]
    table = Table(*COLUMNS, box=None)
    for found in results:
        table.add_row(*row(found))
    Console(width=140).print(table)
    if given.write:
        print(measure.save(given.write, {"minutes": given.minutes, "results": results}))


if __name__ == "__main__":
    main()
