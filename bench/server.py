"""How long an editor waits for the server, apart from the model's own time.

    python bench/server.py [--repeats 10] [--documents 500]

Measured: from the start of the process to the answer of `initialize`; the round trip of a request that needs no model,
over a large file just changed, and over a line of two million characters; the prompt of one document while the model
writes for another; from a cancel to its answer and until nothing runs any more, at all stages of a completion in the
large file, with the 95th and 99th percentiles. Then the memory of a server on the embedded model: when it is
ready, with many documents opened and completed in, and after all were closed.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import measure
import psutil
from editor_client import URI, cancelled, closed, opened, request, started, status, stopped, until_ready
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcRequestCancelled
from pygls.lsp.client import LanguageClient
from rich.console import Console
from seekline import model
from seekline.learn.vocabulary import copy_vocabulary

LARGE_FILE_LINES = 20_000
LONG_LINE_CHARACTERS = 2_000_000


def slow_model(folder: Path) -> Path:
    """Random weights that write on and on, at some ten milliseconds a token."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape: dict[str, Any] = {
        "vocab_size": 4096, "hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12,
        "num_attention_heads": 12, "num_key_value_heads": 12, "max_position_embeddings": 8192,
    }  # fmt: skip
    LlamaForCausalLM(LlamaConfig(**shape, initializer_range=0.4)).save_pretrained(folder)
    copy_vocabulary(model.embedded_folder(), folder)
    return folder


def change(client: LanguageClient, number: int, position: lsp.Position, text: str) -> None:
    here = lsp.Range(position, position)
    document = lsp.VersionedTextDocumentIdentifier(version=number, uri=URI)
    event = lsp.TextDocumentContentChangePartial(text=text, range=here)
    client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [event]))


async def keystrokes(client: LanguageClient, repeats: int, position: lsp.Position) -> list[float]:
    """A change in a large file and a request far beyond its end, which is answered with nothing."""
    times = []
    for number in range(repeats):
        start = perf_counter()
        change(client, number, position, "x")
        await request(client, 10 * LARGE_FILE_LINES, f"key-{position.line}-{number}")
        times.append(1000 * (perf_counter() - start))
    return times


async def prompts(client: LanguageClient, repeats: int) -> list[float]:
    """Milliseconds to the prompt of a small document while the model writes for the large one."""
    other = "file:///bench/other.py"
    opened(client, "def area(width):\n    return width\n", other)
    place = {"textDocument": {"uri": other}, "position": {"line": 1, "character": 4}}
    arguments = lsp.ExecuteCommandParams(command="seekline.prompt", arguments=[place])
    waiting = request(client, 100, "writing")
    while (await status(client))["idle"]:
        await asyncio.sleep(0.005)
    await asyncio.sleep(3)  # its prompt is made, and the model writes
    times = []
    for _ in range(repeats):
        start = perf_counter()
        await client.workspace_execute_command_async(arguments)
        times.append(1000 * (perf_counter() - start))
        await asyncio.sleep(0.02)
    assert not waiting.done(), "the model has stopped writing"
    client.cancel_request(lsp.CancelParams("writing"))
    with suppress(JsonRpcRequestCancelled):
        await waiting
    closed(client, other)
    return times


async def cancels(client: LanguageClient, repeats: int) -> tuple[list[float], list[float]]:
    """Milliseconds to the answer, and to the idle device, of cancels at different stages of a completion."""
    answered, idle = [], []
    for number in range(repeats):
        waiting = request(client, 300 + number, f"cancel-{number}")
        while (await status(client))["idle"]:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.1 * (number % 10))
        to_answer, to_idle = await cancelled(client, f"cancel-{number}", waiting)
        answered += [] if to_answer is None else [to_answer]
        idle.append(to_idle)
    return answered, idle


async def run(repeats: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"start to the answer of initialize": []}
    for _ in range(repeats):
        client, took = await started("embedded")
        found["start to the answer of initialize"].append(took)
        await stopped(client)
    with tempfile.TemporaryDirectory() as folder:
        options = {"maxNewTokens": 2000, "contextTokens": 1024}
        client, _ = await started(str(slow_model(Path(folder))), options)
        await until_ready(client)
        opened(client, "x" * LONG_LINE_CHARACTERS)
        place = lsp.Position(0, LONG_LINE_CHARACTERS // 2)
        found["a change in a line of 2 MB and an answer"] = await keystrokes(client, 10 * repeats, place)
        closed(client)
        opened(client, "".join(f"value_{n} = compute({n})\n" for n in range(LARGE_FILE_LINES)))
        place = lsp.Position(LARGE_FILE_LINES // 2, 0)
        found["a change in 20,000 lines and an answer"] = await keystrokes(client, 10 * repeats, place)
        found["a prompt while another document is written"] = await prompts(client, 10 * repeats)
        answered, idle = await cancels(client, 10 * repeats)
        found["cancel to its answer"], found["cancel to the idle device"] = answered, idle
        await stopped(client)
    return found


async def memory(documents: int) -> list[float]:
    """Megabytes of the server when it is ready, with so many documents open, and after they were closed."""
    client, _ = await started("embedded")
    await until_ready(client)
    assert client._server is not None
    process = psutil.Process(client._server.pid)
    sizes = [process.memory_info().rss / 1e6]
    for number in range(documents):
        lines = [f"def area_{number}_{row}(width):\n    return width * {row}\n\n" for row in range(150)]
        opened(client, "".join(lines), f"file:///bench/{number}.py")
        await request(client, 3 * len(lines), f"open-{number}", f"file:///bench/{number}.py")
    sizes.append(process.memory_info().rss / 1e6)
    for number in range(documents):
        closed(client, f"file:///bench/{number}.py")
    while not (await status(client))["idle"]:
        await asyncio.sleep(0.05)
    sizes.append(process.memory_info().rss / 1e6)
    await stopped(client)
    return sizes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--documents", type=int, default=500)
    arguments = parser.parse_args()
    console = Console(highlight=False)
    for name, times in asyncio.run(run(arguments.repeats)).items():
        in_order = sorted(times)
        p95, p99 = (in_order[int(share * len(times))] for share in (0.95, 0.99))
        console.print(
            f"{name:44} {measure.spread(times)} ms, p95 {p95:.1f}, p99 {p99:.1f}, longest {max(times):.1f}",
            soft_wrap=True,
        )
    ready, full, after = asyncio.run(memory(arguments.documents))
    console.print(f"memory: ready {ready:.0f} MB, {arguments.documents} documents {full:.0f} MB, closed {after:.0f} MB")


if __name__ == "__main__":
    main()
