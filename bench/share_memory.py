"""What servers have in memory that share an engine, the engine itself, and a server that does not share."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

import psutil
from editor_client import opened, request, started, stopped, until_ready
from pygls.lsp.client import LanguageClient
from seekline import model

MEGABYTE = 1_000_000
CODE = "def add(first, second):\n    return "
AS_EDITORS_DO = ("-c", "import sys; sys.argv[1:] = ['serve']; from seekline.server.cli import main; main()")
"""Without options, which take the parser of the command line along; `auto` takes the embedded model here."""


def footprint(pid: int) -> dict[str, float]:
    process = psutil.Process(pid)
    descriptors = process.num_fds() if hasattr(process, "num_fds") else 0
    memory = process.memory_full_info()
    megabytes = {"mb": memory.rss / MEGABYTE, "own_mb": memory.uss / MEGABYTE}
    return {**megabytes, "descriptors": descriptors, "threads": process.num_threads()}


def sizes(pid: int) -> tuple[float, float]:
    found = footprint(pid)
    return found["mb"], found["own_mb"]


async def memory() -> dict[str, tuple[float, float]]:
    """Megabytes of two servers that share, of their engine, and of a server that does not, after a completion each:
    all, and those that no other process has."""
    found: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory(prefix="seekline-bench-") as folder:
        os.environ.update(XDG_RUNTIME_DIR=folder, SEEKLINE_SHARE="1")
        clients = []
        for number in range(2):
            client = (await started("embedded", program=AS_EDITORS_DO))[0]
            clients.append(client)
            await completed(client)
            found[f"server {number + 1}"] = sizes(process_of(client))
        [where] = model.places_in(Path(folder) / "seekline")
        status = model.engine_status(where)
        assert status is not None
        found["engine process"] = sizes(status.pid)
        for client in clients:
            await stopped(client)
        model.stop_engine(where)
        os.environ["SEEKLINE_SHARE"] = "0"
        alone = (await started("embedded", program=AS_EDITORS_DO))[0]
        await completed(alone)
        found["a server that does not share"] = sizes(process_of(alone))
        await stopped(alone)
    return found


def process_of(client: LanguageClient) -> int:
    assert client._server is not None
    return client._server.pid


async def completed(client: LanguageClient) -> None:
    await until_ready(client)
    opened(client, CODE)
    await request(client, 1, "first", character=11)
    await asyncio.sleep(1)
