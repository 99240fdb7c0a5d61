"""A running server and its client, for benchmarks: what an editor says to it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcRequestCancelled
from pygls.lsp.client import LanguageClient

URI = "file:///bench/main.py"
SERVER = ("-m", "seekline.server")
# What is measured is a server of its own, whatever your editors have running; bench/share.py says otherwise.
os.environ.setdefault("SEEKLINE_SHARE", "0")


async def started(
    model: str, options: dict[str, Any] | None = None, root: Path | None = None, program: Sequence[str] = SERVER
) -> tuple[LanguageClient, float]:
    """A server that has answered `initialize`, and the milliseconds it took. The command line names the model, since a
    folder that an editor names is loaded only once the user has agreed. `root`: the workspace; `program`: what Python
    runs. Columns count code points."""
    client = LanguageClient("bench", "0")
    client.feature(lsp.WINDOW_LOG_MESSAGE)(lambda *_: None)
    start = perf_counter()
    await client.start_io(sys.executable, *program, "serve", "--no-statistics", "--model", model)
    capabilities = lsp.ClientCapabilities(
        general=lsp.GeneralClientCapabilities(position_encodings=[lsp.PositionEncodingKind.Utf32]),
        text_document=lsp.TextDocumentClientCapabilities(inline_completion=lsp.InlineCompletionClientCapabilities()),
    )
    folders = [lsp.WorkspaceFolder(root.as_uri(), root.name)] if root else None
    params = lsp.InitializeParams(capabilities=capabilities, workspace_folders=folders, initialization_options=options)
    await client.initialize_async(params)
    took = 1000 * (perf_counter() - start)
    client.initialized(lsp.InitializedParams())
    return client, took


async def stopped(client: LanguageClient) -> None:
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()


async def status(client: LanguageClient) -> Any:
    return await client.workspace_execute_command_async(lsp.ExecuteCommandParams(command="seekline.status"))


async def until_ready(client: LanguageClient) -> None:
    while (await status(client))["state"] != "ready":
        if (await status(client))["state"] == "failed":
            raise SystemExit((await status(client))["reason"])
        await asyncio.sleep(0.1)


def opened(client: LanguageClient, text: str, uri: str = URI) -> None:
    item = lsp.TextDocumentItem(uri, "python", 0, text)
    client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))


def closed(client: LanguageClient, uri: str = URI) -> None:
    client.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(uri)))


def request(client: LanguageClient, line: int, id: str, uri: str = URI, character: int = 0) -> asyncio.Future[Any]:
    params = lsp.InlineCompletionParams(
        context=lsp.InlineCompletionContext(lsp.InlineCompletionTriggerKind.Invoked),
        text_document=lsp.TextDocumentIdentifier(uri),
        position=lsp.Position(line, character),
    )
    return asyncio.wrap_future(client.protocol.send_request(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, params, msg_id=id))


async def cancelled(client: LanguageClient, id: str, waiting: asyncio.Future[Any]) -> tuple[float | None, float]:
    """Milliseconds from a cancel to its answer, None where the completion came before, and to the idle device."""
    start, answered = perf_counter(), None
    client.cancel_request(lsp.CancelParams(id))
    try:
        await waiting
    except JsonRpcRequestCancelled:
        answered = 1000 * (perf_counter() - start)
    while not (await status(client))["idle"]:
        await asyncio.sleep(0.002)
    return answered, 1000 * (perf_counter() - start)
