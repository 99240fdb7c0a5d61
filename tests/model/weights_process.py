"""A process that serves a model: for each line on its input it prints the tokens of a completion."""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Event

from seekline import model


def main(folder: str, quantization: str, cache: str) -> None:
    plan = model.make_plan(
        model.ModelRequest(model=folder, device="cpu", dtype="float32", quantization=quantization),  # pyright: ignore[reportArgumentType]
        base=Path(folder),
    )
    loaded = model.load_model(plan, threads=1, cache=Path(cache))
    print("ready", flush=True)
    for line in sys.stdin:
        ids = [0, *range(10, 10 + int(line))]
        tokens = loaded.engine.generate(ids, max_new_tokens=8, cancel=Event())
        first = next(iter(tokens))
        print(first, flush=True)
        sys.stdin.readline()  # between the tokens of a completion
        print(list(tokens), flush=True)


main(*sys.argv[1:])
