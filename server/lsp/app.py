"""The language server: each handler reads the protocol, asks the session, and answers in the protocol.

`initialize` is answered at once: until then nothing is imported that speaks no protocol. The session comes with the
first message that needs one, torch and the model behind it.
"""

from __future__ import annotations

import functools
import logging
import string
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types as lsp
from pygls.exceptions import FeatureRequestError, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from ..documents.positions import to_units
from ..version import VERSION
from .client import EditorClient
from .lifetime import Lifetime
from .protocol import SeeklineProtocol, converter

if TYPE_CHECKING:
    from ...model import Engine
    from ..completion.snapshot import OpenSnapshot
    from ..session import Session
    from ..workspace import Happened
    from .connection import Connection

log = logging.getLogger(__name__)

_HAPPENED: dict[lsp.FileChangeType, Happened] = {
    lsp.FileChangeType.Created: "created",
    lsp.FileChangeType.Changed: "changed",
    lsp.FileChangeType.Deleted: "deleted",
}
_WORD = string.ascii_letters + string.digits + "_"
T = TypeVar("T")


class SeeklineServer(LanguageServer):
    """A language server for one client. `options`: the settings given on the command line. `engine`: None for the one
    that the settings name."""

    protocol: SeeklineProtocol  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, options: dict[str, Any], engine: Engine | None = None) -> None:
        super().__init__("seekline", VERSION, protocol_cls=SeeklineProtocol, converter_factory=converter)
        self.client = EditorClient(self, self.settings_came)
        self.lifetime = Lifetime()
        self.connection: Connection | None = None
        self.options = options
        self.engine = engine
        self.initialized = False
        self.configured = False
        self.started_with: object = None
        self.editor_settings: object = None

    @functools.cached_property
    def session(self) -> Session:
        """The session, made when it is first needed, after `initialize`."""
        from ..session import Session

        encoding: Any = self.workspace.position_encoding
        client = self.client
        return Session(encoding, tell=client.tell, report=client.report, ask=client.ask, engine=self.engine)

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for anything."""
        return "session" not in vars(self) or self.session.status.idle

    def configure(self) -> None:
        """Settles the settings anew, from all their sources."""
        self.configured = True
        from ..settings.config import command_line_layer, editor_layer, file_layers
        from .uris import path_of

        folders = [path for folder in self.workspace.folders.values() if (path := path_of(folder.uri))]
        if not folders and self.workspace.root_uri and (path := path_of(self.workspace.root_uri)):
            folders = [path]
        workspace = next(iter(folders), None)
        self.session.configure(
            [
                *file_layers(workspace),
                editor_layer(self.started_with, workspace=workspace),
                editor_layer(self.editor_settings, workspace=workspace),
                command_line_layer(self.options),
            ],
            folders,
        )

    def settings_came(self, settings: object) -> None:
        """Takes the editor's settings."""
        self.editor_settings = settings
        self.configure()

    def close(self, timeout_s: float) -> bool:
        """Stops the device; False where it does not stop in time."""
        return "session" not in vars(self) or self.session.close(timeout_s)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """pygls calls this for every error; those of requests are in their answers."""
        if source is FeatureRequestError:
            return
        log.error("%s", error, exc_info=error)
        if "session" in vars(self):
            self.session.tell_once("error", f"Unexpected error, see the server's log: {type(error).__name__}")


Handler = Callable[[SeeklineServer, Any], Awaitable[T | None]]


def boundary(handler: Handler[T]) -> Handler[T]:
    """What all requests share: an error is logged with its traceback, told once, and answered with null."""

    @functools.wraps(handler)
    async def guarded(server: SeeklineServer, params: Any = None) -> T | None:
        from ... import model

        try:
            return await handler(server, params)
        except model.Cancelled:
            pass  # null: an empty list would clear what the editor shows by now
        except model.ModelError as error:
            server.session.tell_once("error", str(error))
        except JsonRpcInvalidParams:
            raise
        except Exception as error:  # noqa: BLE001 - logged there
            server.report_server_error(error, type(error))
        return None

    return guarded


def create_server(options: dict[str, Any], engine: Engine | None = None) -> SeeklineServer:
    """A server with all its handlers."""
    server = SeeklineServer(options, engine)
    server.feature(lsp.INITIALIZE)(_initialize)
    server.feature(lsp.INITIALIZED)(_initialized)
    server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)(_did_change_configuration)
    server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)(_did_change_watched_files)
    server.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(_did_change_workspace_folders)
    server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)(_did_save)
    server.feature(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, lsp.InlineCompletionOptions())(_inline_completion)
    server.command("seekline.prompt")(_prompt)
    server.command("seekline.status")(_status)
    return server


def _initialize(server: SeeklineServer, params: lsp.InitializeParams) -> None:
    if params.process_id is not None:
        server.lifetime.watch(params.process_id)
    server.started_with = params.initialization_options
    text_document = params.capabilities.text_document
    if text_document is None or text_document.inline_completion is None:
        # Such an editor can still show completions in its menu; one with ghost text must not get them twice.
        server.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions())(_completion)


async def _initialized(server: SeeklineServer, params: lsp.InitializedParams) -> None:
    server.initialized = True
    server.client.start()
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


@boundary
async def _inline_completion(
    server: SeeklineServer, params: lsp.InlineCompletionParams
) -> lsp.InlineCompletionList | None:
    found = _snapshot(server, params.text_document.uri, params.position)
    if found is None:
        return None
    from ..completion.complete import complete

    explicit = params.context.trigger_kind == lsp.InlineCompletionTriggerKind.Invoked
    completion = await complete(server.session, params.text_document.uri, found, explicit=explicit)
    if completion is None or completion.text is None:
        return lsp.InlineCompletionList(items=[])
    # Without a range, some editors replace the rest of the line.
    here = lsp.Range(params.position, params.position)
    return lsp.InlineCompletionList(items=[lsp.InlineCompletionItem(insert_text=completion.text, range=here)])


@boundary
async def _completion(server: SeeklineServer, params: lsp.CompletionParams) -> lsp.CompletionList | None:
    found = _snapshot(server, params.text_document.uri, params.position)
    if found is None:
        return None
    from ..completion.complete import complete

    uri = params.text_document.uri
    completion = await complete(server.session, uri, found, explicit=False, kind="menu")
    if completion is None or completion.text is None:
        return lsp.CompletionList(is_incomplete=True, items=[])
    text = completion.text
    # These editors filter by what stands between the word's start and the cursor, and by what is typed on from there.
    before = found.around.before
    word = before[len(before.rstrip(_WORD)) :]
    start = to_units(before, len(before) - len(word), server.session.encoding)
    edit = lsp.TextEdit(
        range=lsp.Range(lsp.Position(params.position.line, start), params.position), new_text=word + text
    )
    first_line = (word + text).strip().splitlines()[0]
    item = lsp.CompletionItem(
        label=first_line,
        kind=lsp.CompletionItemKind.Text,
        detail="Seekline",
        documentation=text,
        filter_text=first_line,
        text_edit=edit,
    )
    return lsp.CompletionList(is_incomplete=True, items=[item])


def _snapshot(server: SeeklineServer, uri: str, position: lsp.Position) -> OpenSnapshot | None:
    if not server.initialized and not server.configured:
        server.configure()  # the editor's settings are asked for after `initialized`, which perhaps never comes
    found = server.session.snapshot(uri, position.line, position.character)
    if found is None:
        log.info("nothing to do: %s is not open, has no line %d, or is too large", uri, position.line)
    return found


@boundary
async def _prompt(server: SeeklineServer, arguments: Any = None) -> dict[str, Any] | None:
    try:
        uri = str(arguments["textDocument"]["uri"])
        position = lsp.Position(int(arguments["position"]["line"]), int(arguments["position"]["character"]))
    except (KeyError, TypeError, ValueError) as error:
        raise JsonRpcInvalidParams("seekline.prompt takes {textDocument: {uri}, position}") from error
    found = _snapshot(server, uri, position)
    if found is None:
        return None
    found = await server.session.when_settled(uri, found)
    refusal = server.session.refusal(uri)  # as the settings have it that were waited for
    if refusal is not None:
        raise JsonRpcInvalidParams(str(refusal))
    from ..completion.complete import shown_prompt

    return await shown_prompt(server.session, found)


def _status(server: SeeklineServer) -> dict[str, Any]:
    status = server.session.status
    return {"state": status.state, "reason": status.reason, "idle": status.idle}
