"""Our forward pass and llama.cpp's over the same GGUF file: whether they say the same of the same prompts.

    python bench/same_file.py FILE.gguf [PATH ...] [--prompts 200] [--window 64] [--quantization auto] [--write NAME]

A prompt is a window of this repository's Python, or of PATHs. Of each both programs tell the likeliest next token, and
how likely the true one is: the table has how often the first agrees, and the perplexity of the second.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import measure
import torch
from peer_llama_cpp import LlamaCpp
from perplexity import OWN_FOLDERS, REPOSITORY, cost, texts, windows
from rich.console import Console
from rich.table import Table
from seekline import model

ROOM_TOKENS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """By prompt: whether the likeliest tokens are the same, and the nats that the true one costs each program."""

    same: list[bool]
    ours: list[float]
    theirs: list[float]

    @property
    def share(self) -> float:
        return statistics.fmean(self.same)

    @property
    def perplexity_ratio(self) -> float:
        return math.exp(statistics.fmean(self.ours) - statistics.fmean(self.theirs))


def agreement(loaded: model.LoadedModel, prompts: Sequence[Sequence[int]], threads: int) -> Agreement:
    """`loaded`: from a GGUF file. The last token of a prompt is the one to be told."""
    backend = loaded.engine._backend
    longest = max(map(len, prompts))
    peer = LlamaCpp(loaded.plan.source.path, threads, longest + ROOM_TOKENS)
    same, ours, theirs = list[bool](), list[float](), list[float]()
    try:
        for *ids, target in prompts:
            logits = backend.forward(ids, backend.new_kv(len(ids)), Event())[0].float()
            told = peer.next_token(ids, target, loaded.tokenizer.size)
            same.append(int(logits.argmax()) == told.token)
            ours.append(-torch.log_softmax(logits, -1)[target].item())
            theirs.append(-told.log_probability)
    finally:
        peer.close()
    return Agreement(same=same, ours=ours, theirs=theirs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    own = [path for name in OWN_FOLDERS for path in sorted((REPOSITORY / name).rglob("*.py"))]
    parser.add_argument("file", metavar="FILE.gguf")
    parser.add_argument("paths", type=Path, nargs="*", default=own, metavar="PATH")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--window", type=int, default=64)
    parser.add_argument("--quantization", default="auto")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", metavar="NAME", help="also write bench/results/NAME.json")
    given = parser.parse_args()
    path = str(Path(given.file).resolve())
    wanted = model.ModelRequest(model=path, device="cpu", quantization=given.quantization, engine="seekline")
    loaded = model.load_model(model.make_plan(wanted, base=Path.cwd()), threads=given.threads)
    cut = windows(texts(given.paths), loaded.tokenizer, given.window, given.prompts * given.window)
    found = agreement(loaded, cut, given.threads)
    table = Table("", "seekline", "llama.cpp", box=None)
    table.add_row("perplexity", *(f"{math.exp(statistics.fmean(each)):.3f}" for each in (found.ours, found.theirs)))
    Console().print(table)
    print(f"{loaded.plan.summary}: {len(cut)} prompts, the first token agrees in {found.share:.1%};")
    print(f"perplexity {found.perplexity_ratio - 1:+.2%}, {cost(found.ours, found.theirs)} nats a token")
    if given.write:
        facts = {"model": Path(given.file).name, "plan": loaded.plan.summary, "prompts": len(cut)}
        print(measure.save(given.write, {**facts, "same": found.share, "perplexity_ratio": found.perplexity_ratio}))


if __name__ == "__main__":
    main()
