"""What llama.cpp makes of texts with the tokenizer of GGUF files, in a process of its own, by the package xllamacpp.

python tests/llama_cpp_tokens.py FILE ... < TEXTS.json > IDS.json

`TEXTS.json` is a list of texts; the answer has, for each file, a list of the ids of each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest


def llama_cpp_ids(files: Sequence[Path], texts: Sequence[str]) -> list[list[list[int]]]:
    """For each file, the ids of each text, without any that stand before or after it."""
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed, with which the ids are compared")
    command = [sys.executable, __file__, *map(str, files)]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=False, timeout=250)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def _ids_of_file(path: str, texts: Sequence[str]) -> list[list[int]]:
    xllamacpp: Any = import_module("xllamacpp")

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.n_ctx = 256
    params.warmup = False
    params.cpuparams.n_threads = 1
    server = xllamacpp.Server(params)
    found: list[list[int]] = []
    for text in texts:
        asked = json.dumps({"content": text, "add_special": False, "parse_special": False})
        request = urllib.request.Request(
            f"{server.listening_address}/tokenize", asked.encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            found.append(json.load(answer)["tokens"])
    return found


def _main() -> None:
    texts = json.load(sys.stdin)
    print(json.dumps([_ids_of_file(path, texts) for path in sys.argv[1:]]), flush=True)
    os._exit(0)  # the servers' threads wait for requests


if __name__ == "__main__":
    _main()
