"""How long an editor waits for the server, apart from the model's own time.

    python bench/server.py [--repeats 10]

Measured: from the start of the process to the answer of `initialize`; the round trip of a request that needs no model,
over a large file just changed; from a cancel to its answer and to the idle device, while the model writes.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import measure
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcRequestCancelled
from pygls.lsp.client import LanguageClient
from rich.console import Console
from seekline import model

URI = "file:///bench/main.py"
LARGE_FILE_LINES = 20_000


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
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(model.embedded_folder() / name, folder / name)
    return folder


async def started(options: dict[str, Any]) -> tuple[LanguageClient, float]:
    """A server that has answered `initialize`, and the milliseconds it took."""
    client = LanguageClient("bench", "0")
    start = perf_counter()
    await client.start_io(sys.executable, "-m", "seekline.server", "serve")
    capabilities = lsp.ClientCapabilities(
        text_document=lsp.TextDocumentClientCapabilities(inline_completion=lsp.InlineCompletionClientCapabilities())
    )
    await client.initialize_async(lsp.InitializeParams(capabilities=capabilities, initialization_options=options))
    took = 1000 * (perf_counter() - start)
    client.initialized(lsp.InitializedParams())
    return client, took


async def stopped(client: LanguageClient) -> None:
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()


async def status(client: LanguageClient) -> Any:
    return await client.workspace_execute_command_async(lsp.ExecuteCommandParams(command="seekline.status"))


def request(client: LanguageClient, line: int, id: str) -> asyncio.Future[Any]:
    params = lsp.InlineCompletionParams(
        context=lsp.InlineCompletionContext(lsp.InlineCompletionTriggerKind.Invoked),
        text_document=lsp.TextDocumentIdentifier(URI),
        position=lsp.Position(line, 0),
    )
    return asyncio.wrap_future(client.protocol.send_request(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, params, msg_id=id))


def change(client: LanguageClient, number: int, line: int, text: str) -> None:
    here = lsp.Range(lsp.Position(line, 0), lsp.Position(line, 0))
    document = lsp.VersionedTextDocumentIdentifier(version=number, uri=URI)
    event = lsp.TextDocumentContentChangePartial(text=text, range=here)
    client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [event]))


async def keystrokes(client: LanguageClient, repeats: int) -> list[float]:
    """A change in the middle of a large file and a request far beyond its end, which is answered with nothing."""
    times = []
    for number in range(repeats):
        start = perf_counter()
        change(client, number, LARGE_FILE_LINES // 2, "x")
        await request(client, 10 * LARGE_FILE_LINES, f"key-{number}")
        times.append(1000 * (perf_counter() - start))
    return times


async def cancels(client: LanguageClient, repeats: int) -> tuple[list[float], list[float]]:
    """Milliseconds to the answer, and to the idle device, of cancels at different stages of a completion."""
    answered, idle = [], []
    for number in range(repeats):
        waiting = request(client, 300 + number, f"cancel-{number}")
        while (await status(client))["idle"]:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.1 * number)
        start = perf_counter()
        client.cancel_request(lsp.CancelParams(f"cancel-{number}"))
        try:
            await waiting
        except JsonRpcRequestCancelled:
            answered.append(1000 * (perf_counter() - start))
        while not (await status(client))["idle"]:
            await asyncio.sleep(0.002)
        idle.append(1000 * (perf_counter() - start))
    return answered, idle


async def run(repeats: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"start to the answer of initialize": []}
    for _ in range(repeats):
        client, took = await started({"model": "embedded"})
        found["start to the answer of initialize"].append(took)
        await stopped(client)
    with tempfile.TemporaryDirectory() as folder:
        options = {"model": str(slow_model(Path(folder))), "maxNewTokens": 2000, "contextTokens": 1024}
        client, _ = await started(options)
        while (await status(client))["state"] != "ready":
            await asyncio.sleep(0.1)
        text = "".join(f"value_{n} = compute({n})\n" for n in range(LARGE_FILE_LINES))
        item = lsp.TextDocumentItem(URI, "python", 0, text)
        client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        found["a change in 20,000 lines and an answer"] = await keystrokes(client, 10 * repeats)
        answered, idle = await cancels(client, repeats)
        found["cancel to its answer"], found["cancel to the idle device"] = answered, idle
        await stopped(client)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10)
    console = Console(highlight=False)
    for name, times in asyncio.run(run(parser.parse_args().repeats)).items():
        console.print(f"{name:40} {measure.spread(times)} ms, longest {max(times):.1f} ms")


if __name__ == "__main__":
    main()
