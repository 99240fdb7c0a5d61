"""llama.cpp over a GGUF file, as a peer to measure: in a process of its own, by the package xllamacpp.

This file is run there. Lines of JSON go in, `{"ids": [...], "new": N}`; out come the milliseconds that llama.cpp says
it computed until the last of N tokens, which count no JSON and no pipe.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any


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

    def ask(self, ids: Sequence[int], new_tokens: int) -> dict[str, Any]:
        """The `text` of so many new tokens, and the milliseconds `ms` until the last one is there."""
        assert self._process.stdin is not None
        print(json.dumps({"ids": list(ids), "new": new_tokens}), file=self._process.stdin, flush=True)
        return self._read()

    def generate(self, ids: Sequence[int], new_tokens: int) -> float:
        return self.ask(ids, new_tokens)["ms"]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


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
        wanted = {"prompt": asked["ids"], "n_predict": asked["new"], "temperature": 0, "ignore_eos": True}
        answer = server.handle_completions(wanted)
        timings = answer["timings"]
        ms = timings["prompt_ms"] + timings["predicted_ms"]
        print(json.dumps({"ms": ms, "text": answer["choices"][0]["text"]}), flush=True)


if __name__ == "__main__":
    main()
