"""The language server: which handler serves what, and the handlers of its life, its settings and its files. Each reads
the protocol, asks the session, and answers in the protocol.

`initialize` is answered at once: until then nothing is imported that speaks no protocol. The session comes with the
first message that needs one, torch and the model behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from . import acceptance
from .commands import pause, prompt, resume, status
from .completions import MENU, inline_completion, menu_completion
from .copilot_status import knows_copilot
from .server import SeeklineServer

if TYPE_CHECKING:
    from ...model import Engine
    from ..workspace import Happened

_HAPPENED: dict[lsp.FileChangeType, Happened] = {
    lsp.FileChangeType.Created: "created",
    lsp.FileChangeType.Changed: "changed",
    lsp.FileChangeType.Deleted: "deleted",
}


def create_server(options: dict[str, Any], engine: Engine | None = None) -> SeeklineServer:
    """A server with all its handlers."""
    server = SeeklineServer(options, engine)
    server.feature(lsp.INITIALIZE)(_initialize)
    server.feature(lsp.INITIALIZED)(_initialized)
    server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)(_did_change_configuration)
    server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)(_did_change_watched_files)
    server.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(_did_change_workspace_folders)
    server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)(_did_save)
    server.feature(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, lsp.InlineCompletionOptions())(inline_completion)
    server.command("seekline.prompt")(prompt)
    server.command("seekline.status")(status)
    server.command("seekline.pause")(pause)
    server.command("seekline.resume")(resume)
    server.command(acceptance.ACCEPTED)(acceptance.accepted)
    server.feature(acceptance.DID_SHOW)(acceptance.did_show)
    server.feature(acceptance.DID_PARTIALLY_ACCEPT)(acceptance.did_partially_accept)
    server.feature(acceptance.DID_FOCUS)(acceptance.did_focus)
    return server


def _initialize(server: SeeklineServer, params: lsp.InitializeParams) -> None:
    if params.process_id is not None:
        server.lifetime.watch(params.process_id)
    if params.client_info is not None:
        server.editor = params.client_info.name
    server.started_with = params.initialization_options
    server.client.is_copilots = knows_copilot(params.initialization_options)
    text_document = params.capabilities.text_document
    if text_document is None or text_document.inline_completion is None:
        # Such an editor can still show completions in its menu; one with ghost text must not get them twice.
        server.feature(lsp.TEXT_DOCUMENT_COMPLETION, MENU)(menu_completion)


async def _initialized(server: SeeklineServer, params: lsp.InitializedParams) -> None:
    server.initialized = True
    server.client.start()
    server.status.start()
    server.session.buffers.watched = await server.client.register_for_changes()
    await _pull_settings(server)
    server.configure()


async def _did_change_configuration(server: SeeklineServer, params: lsp.DidChangeConfigurationParams) -> None:
    if not await _pull_settings(server) and params.settings is not None:
        server.editor_settings = params.settings
    server.configure()


def _did_change_workspace_folders(server: SeeklineServer, params: lsp.DidChangeWorkspaceFoldersParams) -> None:
    server.configure()


def _did_change_watched_files(server: SeeklineServer, params: lsp.DidChangeWatchedFilesParams) -> None:
    server.session.files_changed((change.uri, _HAPPENED[change.type]) for change in params.changes)
    if any(change.uri.endswith("/seekline.toml") for change in params.changes):
        server.configure()


def _did_save(server: SeeklineServer, params: lsp.DidSaveTextDocumentParams) -> None:
    # An editor that tells of no changed files still tells of this one: a saved .gitignore counts from here on.
    server.session.files_changed([(params.text_document.uri, "changed")])


async def _pull_settings(server: SeeklineServer) -> bool:
    """Asks the editor for its settings; False where it cannot be asked."""
    answer = await server.client.settings()
    if answer is not None:
        server.editor_settings = answer
    return answer is not None
