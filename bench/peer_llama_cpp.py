"""llama.cpp over a GGUF file, as a peer to measure: in a process of its own, by the package xllamacpp.

This file is run there. Lines of JSON go in, and come out. `{"ids": [...], "new": N}`: the milliseconds that llama.cpp
says it computed until the last of N tokens, which count no JSON and no pipe. `{"ids": [...], "target": T, "vocabulary":
V}`: the likeliest next token, and how likely T is.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class NextToken:
    """The likeliest next token, and the log-probability of the one that was asked for."""

    token: int
    log_probability: float


class LlamaCpp:
    """A llama.cpp with one model. It keeps the common prefix of the last prompt."""

    def __init__(self, gguf: Path, threads: int, context_tokens: int) -> None:
        command = [sys.executable, __file__, str(gguf), str(threads), str(context_tokens)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.version = self._read()["version"]

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("llama.cpp ended; `pip install xllamacpp` in this environment brings it.")
        return json.loads(line)

    def _ask(self, **wanted: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        print(json.dumps(wanted), file=self._process.stdin, flush=True)
        return self._read()

    def generate(self, ids: Sequence[int], new_tokens: int) -> float:
        """Milliseconds until the last of `new_tokens` is there."""
        return self._ask(ids=list(ids), new=new_tokens)["ms"]

    def next_token(self, ids: Sequence[int], target: int, vocabulary: int) -> NextToken:
        """What follows `ids`, and how likely `target` is, which is one of so many tokens."""
        return NextToken(**self._ask(ids=list(ids), target=target, vocabulary=vocabulary))

    def close(self) -> None:
        with self._process:  # closes its pipes, which ends it
            pass


def _generated(server: Any, asked: dict[str, Any]) -> dict[str, Any]:
    wanted = {"prompt": asked["ids"], "n_predict": asked["new"], "temperature": 0, "ignore_eos": True}
    timings = server.handle_completions(wanted)["timings"]
    return {"ms": timings["prompt_ms"] + timings["predicted_ms"]}


def _next_token(server: Any, asked: dict[str, Any]) -> dict[str, Any]:
    wanted = {"prompt": asked["ids"], "n_predict": 1, "temperature": 0, "logprobs": asked["vocabulary"]}
    [position] = server.handle_completions(wanted)["choices"][0]["logprobs"]["content"]
    by_token = {each["id"]: each["logprob"] for each in position["top_logprobs"]}
    return {"token": max(by_token, key=by_token.__getitem__), "log_probability": by_token[asked["target"]]}


def main() -> None:
    xllamacpp: Any = import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(sys.argv[2])
    params.n_ctx = int(sys.argv[3])
    params.n_parallel = 1
    server = xllamacpp.Server(params)
    print(json.dumps({"version": xllamacpp.__version__}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        told = _next_token(server, asked) if "target" in asked else _generated(server, asked)
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
