"""Servers for the team's benchmark, each on loopback with a tiny random model, in a process of its own.

This file is llama.cpp's program, too: `python bench/team_servers.py MODEL.gguf SLOTS`.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from importlib import import_module
from time import monotonic, sleep
from typing import Any, Literal

from gguf_of import gguf_of
from random_models import random_model

Kind = Literal["llama.cpp", "vllm", "seekline"]
CONTEXT_TOKENS = 2048
SLOTS = 16
_UP_WITHIN_S = 300.0


@contextlib.contextmanager
def served(kind: Kind, program: str) -> Iterator[str]:
    """The address of a new server, with `/v1`. `program`: vLLM's own, where it is asked for."""
    folder = random_model("tiny")
    port = _free_port()
    if kind == "vllm":
        command = [program, "serve", str(folder), "--port", str(port), *vllm_flags()]
        environment = {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"}
    elif kind == "llama.cpp":
        command = [sys.executable, __file__, str(gguf_of(folder, "f16")), str(port)]
        environment = {}
    else:
        command = [sys.executable, "-m", "seekline.server", "serve", "--no-share", "--model", str(folder)]
        command += ["--http", f"127.0.0.1:{port}"]
        environment = {}
    silent = subprocess.DEVNULL
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdin=subprocess.PIPE, stdout=silent, stderr=silent
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.communicate()


def vllm_flags() -> list[str]:
    """Those of deploy/vllm that a CPU has a use for."""
    return [
        *("--host", "127.0.0.1", "--served-model-name", "tiny", "--max-model-len", str(CONTEXT_TOKENS)),
        *("--enable-prefix-caching", "--enable-prompt-tokens-details", "--no-enable-log-requests"),
        *("--max-num-seqs", "64", "--enforce-eager", "--dtype", "float32"),
    ]


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline_s = monotonic() + _UP_WITHIN_S
    while monotonic() < deadline_s and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
            if answer.status == 200:
                return
        sleep(0.2)
    raise SystemExit(f"The server at {address} did not come up.")


def main() -> None:
    xllamacpp: Any = import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.model_alias = {"tiny"}
    params.port = int(sys.argv[2])
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
    params.n_ctx = SLOTS * CONTEXT_TOKENS
    params.n_parallel = SLOTS
    params.warmup = False
    server = xllamacpp.Server(params)
    print(json.dumps(server.listening_address), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
