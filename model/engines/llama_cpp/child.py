"""The child: llama.cpp's server for one file of weights, on this machine alone; see `process`.

It is run as a file and imports nothing of Seekline, which would take longer than the rest of its start. Its first line
of input says what to serve, its only line of output where; it ends with its input, that is, with its parent.

A file that llama.cpp does not like may end it at any time (`GGML_ASSERT`), which is why it is a process at all.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

_ALL_LAYERS = 999


def main() -> None:
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library may print is no answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's terminal sends it to both; the parent decides
    settings = json.loads(orders.readline())
    _end_with(settings["parent"])
    _write_no_cores()
    server = _serve(settings)
    answers.write(json.dumps({"url": server.listening_address}).encode() + b"\n")
    answers.flush()
    orders.read()
    os._exit(0)  # at once, whatever it computes


def _serve(settings: dict[str, Any]) -> Any:
    """The server, once it is ready. It holds Python's lock until then. Raises RuntimeError; its log says why."""
    xllamacpp: Any = import_module("xllamacpp")  # whose types are told nowhere
    params = xllamacpp.CommonParams()
    params.model.path = settings["path"]
    params.n_ctx = settings["context_tokens"] * settings["sequences"]
    params.n_parallel = settings["sequences"]
    # A batch is computed to its end, whoever has left by then.
    params.n_batch = params.n_ubatch = settings["batch_tokens"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    if settings["gpu"] is None:
        params.n_gpu_layers = 0
    else:
        params.n_gpu_layers = _ALL_LAYERS
        params.split_mode, params.main_gpu = xllamacpp.llama_split_mode.LLAMA_SPLIT_MODE_NONE, settings["gpu"]
    params.fit_params = False  # what fits is planned already
    params.cache_ram_mib = 0  # prompts that left their slots would take memory that nobody planned
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.api_keys = [settings["key"]]
    params.cors_origins, params.cors_credentials = "", False
    params.ui = False
    params.n_threads_http = 4
    params.verbosity = 1  # errors, which quote no prompt
    return xllamacpp.Server(params)


def _end_with(parent: int) -> None:
    """Has Linux end this process with the thread that started it, also while Python's lock is held."""
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
        if os.getppid() != parent:  # it has ended already
            os._exit(0)


def _write_no_cores() -> None:
    """A dump of this process would hold what the user writes."""
    if sys.platform != "win32":
        import resource

        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
