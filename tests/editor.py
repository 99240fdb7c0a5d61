"""An editor for tests: pytest-lsp's client, with words for what a user does."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from marked import MARK
from pytest_lsp import LanguageClient, make_test_lsp_client

UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
Chooses = Callable[[str], str | None]
"""The user: from a question to the answer that is chosen; None dismisses it."""
INVOKED, AUTOMATIC = lsp.InlineCompletionTriggerKind.Invoked, lsp.InlineCompletionTriggerKind.Automatic

PROMPTED_AS_A_LARGE_MODEL = {"promptFormat": "deepseek-coder", "copies": False}
"""With the suffix and other files in its prompt, which the embedded model itself is not given."""


def capabilities(
    *, encoding: str = "utf-16", inline: bool = True, asks: bool = True, watches: bool = False, chooses: bool = False
) -> lsp.ClientCapabilities:
    """An editor's capabilities.

    `inline`: it shows ghost text; `asks`: it answers workspace/configuration; `watches`: it tells of changed files;
    `chooses`: it lets its user answer questions.
    """
    return lsp.ClientCapabilities(
        general=lsp.GeneralClientCapabilities(position_encodings=[lsp.PositionEncodingKind(encoding)]),
        text_document=lsp.TextDocumentClientCapabilities(
            inline_completion=lsp.InlineCompletionClientCapabilities() if inline else None
        ),
        notebook_document=lsp.NotebookDocumentClientCapabilities(lsp.NotebookDocumentSyncClientCapabilities()),
        window=lsp.WindowClientCapabilities(
            work_done_progress=True, show_message=lsp.ShowMessageRequestClientCapabilities() if chooses else None
        ),
        workspace=lsp.WorkspaceClientCapabilities(
            configuration=asks,
            did_change_configuration=lsp.DidChangeConfigurationClientCapabilities(dynamic_registration=True),
            did_change_watched_files=lsp.DidChangeWatchedFilesClientCapabilities(dynamic_registration=watches),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A cursor in an open document, in the units of the editor."""

    uri: str
    position: lsp.Position

    @property
    def params(self) -> dict[str, Any]:
        position = {"line": self.position.line, "character": self.position.character}
        return {"textDocument": {"uri": self.uri}, "position": position}


@dataclass(kw_only=True)
class Editor:
    """A running server and its client."""

    client: LanguageClient
    encoding: str
    server: lsp.InitializeResult
    registered: list[lsp.Registration]
    version: int = 0

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self.client._server is not None
        return self.client._server

    def spot(self, code: str, name: str) -> Spot:
        before = code.partition(MARK)[0]
        codec, width = UNITS[self.encoding]
        on_line = before.replace("\r\n", "\n").replace("\r", "\n").rpartition("\n")
        units = len(on_line[2].encode(codec)) // width
        position = lsp.Position(on_line[0].count("\n") + bool(on_line[1]), units)
        return Spot(uri=f"file:///workspace/{name}", position=position)

    def open(self, code: str, name: str = "main.py", language: str = "python") -> Spot:
        """Opens a document with a `▮` where the cursor is."""
        spot = self.spot(code, name)
        self.version += 1
        document = lsp.TextDocumentItem(spot.uri, language, self.version, code.replace(MARK, ""))
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(document))
        return spot

    def type(self, spot: Spot, text: str) -> Spot:
        """Types `text`, of one line, at the cursor; returns the new one."""
        self.change(spot.uri, text, spot.position, spot.position)
        codec, width = UNITS[self.encoding]
        units = spot.position.character + len(text.encode(codec)) // width
        return Spot(uri=spot.uri, position=lsp.Position(spot.position.line, units))

    def change(self, uri: str, text: str, start: lsp.Position, end: lsp.Position) -> None:
        self.version += 1
        event = lsp.TextDocumentContentChangePartial(text=text, range=lsp.Range(start, end))
        document = lsp.VersionedTextDocumentIdentifier(uri=uri, version=self.version)
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [event]))

    def ask(self, spot: Spot, kind: int = INVOKED, id: str | None = None) -> asyncio.Future[Any]:
        """Asks for a completion; the future is the server's answer."""
        params = lsp.InlineCompletionParams(
            context=lsp.InlineCompletionContext(lsp.InlineCompletionTriggerKind(kind)),
            text_document=lsp.TextDocumentIdentifier(spot.uri),
            position=spot.position,
        )
        return asyncio.wrap_future(
            self.client.protocol.send_request(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, params, msg_id=id)
        )

    async def ghost_text(self, spot: Spot, kind: int = INVOKED) -> str | None:
        """The text that the editor would show at the cursor, the first of several."""
        answer = await self.ask(spot, kind)
        if answer is None or not answer.items:
            return None
        item = answer.items[0]
        assert item.range == lsp.Range(spot.position, spot.position)
        return item.insert_text

    async def raw(self, method: str, params: Any, timeout_s: float = 60) -> Any:
        """Sends a request with params that no client library would make; returns the result or raises its error."""
        self.version += 1
        id = f"raw-{self.version}"
        protocol = self.client.protocol
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        protocol._request_futures[id] = future  # type: ignore[assignment]
        protocol._send_data({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        return await asyncio.wait_for(future, timeout_s)

    async def command(self, name: str, *arguments: Any) -> Any:
        params = lsp.ExecuteCommandParams(command=name, arguments=list(arguments))
        return await self.client.workspace_execute_command_async(params)

    async def status(self) -> dict[str, Any]:
        return as_dict(await self.command("seekline.status"))

    async def until(self, state: str) -> dict[str, Any]:
        """Waits until the model is in a state, such as "ready"."""
        while (status := await self.status())["state"] != state:
            await asyncio.sleep(0.05)
        return status

    async def until_shown(self, words: str) -> str:
        """Waits for a message with these words; one about a state follows that state."""
        while True:
            found = [message for message in self.shown if words in message]
            if found:
                return found[0]
            await asyncio.sleep(0.02)

    @property
    def shown(self) -> list[str]:
        """The messages that the user was shown."""
        return [message.message for message in self.client.messages]


def as_dict(value: Any) -> Any:
    """pygls's named tuples as plain values."""
    if hasattr(value, "_asdict"):
        return {key: as_dict(item) for key, item in value._asdict().items()}
    return [as_dict(item) for item in value] if isinstance(value, list) else value


def server_command(*options: str) -> list[str]:
    return [sys.executable, "-m", "seekline.server", "serve", *options]


def _client(chooses: Chooses | None) -> tuple[LanguageClient, list[lsp.Registration]]:
    """A client, and what a server will have registered with it."""
    client = make_test_lsp_client()
    registered: list[lsp.Registration] = []

    def register(_: LanguageClient, params: lsp.RegistrationParams) -> None:
        registered.extend(params.registrations)

    def choose(_: LanguageClient, params: lsp.ShowMessageRequestParams) -> lsp.MessageActionItem | None:
        assert chooses is not None, "asked although nobody can answer"
        choice = chooses(params.message)
        return next((action for action in params.actions or () if action.title == choice), None)

    client.feature(lsp.CLIENT_REGISTER_CAPABILITY)(register)
    client.feature(lsp.WINDOW_SHOW_MESSAGE_REQUEST)(choose)
    return client, registered


@asynccontextmanager
async def editor(
    *options: str,
    settings: Mapping[str, Any] | None = None,
    started_with: Mapping[str, Any] | None = None,
    workspace: Path | None = None,
    env: Mapping[str, str] | None = None,
    command: Sequence[str] | None = None,
    cwd: Path | None = None,
    chooses: Chooses | None = None,
    **capable: Any,
) -> AsyncIterator[Editor]:
    """An editor on a fresh server, where the embedded model is prompted as a large one is; `capable` as `capabilities`
    takes it. The server must end as it should.

    `command`: how it is started, in the folder `cwd`, where not as all tests do it.
    """
    client, registered = _client(chooses)
    client.set_configuration({"seekline": {**PROMPTED_AS_A_LARGE_MODEL, **(settings or {})}})
    await client.start_io(*(command or server_command()), *options, env={**os.environ, **(env or {})}, cwd=cwd)
    able = capabilities(chooses=chooses is not None, **capable)
    folders = [lsp.WorkspaceFolder(workspace.as_uri(), workspace.name)] if workspace else None
    answer = await client.initialize_session(
        lsp.InitializeParams(
            capabilities=able, workspace_folders=folders, initialization_options=dict(started_with or {})
        )
    )
    made = Editor(client=client, encoding=capable.get("encoding", "utf-16"), server=answer, registered=registered)
    try:
        yield made
    finally:
        if made.process.returncode is None:
            await asyncio.wait_for(client.shutdown_session(), 120)
            assert made.process.returncode == 0
        await client.stop()
