"""llama.cpp's own server in a process of its own. This file is its program, which serves until its input ends."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

CONTEXT_TOKENS = 1024


class LlamaServer:
    """The process. `key`: what it wants to be asked with."""

    def __init__(self, gguf: Path, *, port: int = 0, key: str = "") -> None:
        self.gguf = gguf
        self.key = key
        command = [sys.executable, __file__, str(gguf), str(port), key]
        pipe, silent = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=silent, text=True)
        assert self._process.stdout is not None
        self.address = json.loads(self._process.stdout.readline())

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    @property
    def url(self) -> str:
        return f"{self.address}/v1"

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextlib.contextmanager
def llama_server(gguf: Path, *, port: int = 0, key: str = "") -> Iterator[LlamaServer]:
    if find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp, which brings llama.cpp's server, is not installed")
    server = LlamaServer(gguf, port=port, key=key)
    try:
        yield server
    finally:
        server.kill()


def main() -> None:
    xllamacpp: Any = import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.model_alias = {"tiny"}
    params.port = int(sys.argv[2])
    if sys.argv[3]:
        params.api_keys = [sys.argv[3]]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 1
    params.endpoint_slots = True
    params.warmup = False
    server = xllamacpp.Server(params)
    print(json.dumps(server.listening_address), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
