"""The language server as an object: its session, its client, its settings' sources, and what all requests share."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types as lsp
from pygls.exceptions import FeatureRequestError, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from ..version import VERSION
from .client import EditorClient
from .lifetime import Lifetime
from .protocol import SeeklineProtocol, converter
from .status import StatusNotifications
from .synchronization import NOTEBOOKS

if TYPE_CHECKING:
    from ...model import Engine, Report
    from ..completion.snapshot import OpenSnapshot
    from ..session import Session
    from .connection import Connection

log = logging.getLogger(__name__)

T = TypeVar("T")


class SeeklineServer(LanguageServer):
    """A language server for one client. `options`: the settings given on the command line. `engine`: None for the one
    that the settings name."""

    protocol: SeeklineProtocol  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, options: dict[str, Any], engine: Engine | None = None) -> None:
        super().__init__(
            "seekline",
            VERSION,
            protocol_cls=SeeklineProtocol,
            converter_factory=converter,
            notebook_document_sync=NOTEBOOKS,
        )
        self.client = EditorClient(self, self.settings_came)
        self.status = StatusNotifications(self, lambda: self.session)
        self.lifetime = Lifetime()
        self.connection: Connection | None = None
        self.options = options
        self.engine = engine
        self.editor = "an editor"
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

        def report(report: Report) -> None:
            client.report(report)
            self.status.look()

        return Session(
            encoding, tell=client.tell, report=report, ask=client.ask, engine=self.engine, editor=self.editor
        )

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
        self.status.look()

    def settings_came(self, settings: object) -> None:
        """Takes the editor's settings."""
        self.editor_settings = settings
        self.configure()

    def snapshot(self, uri: str, position: lsp.Position) -> OpenSnapshot | None:
        """What is to be completed; None, which is logged, where there is nothing."""
        if not self.initialized and not self.configured:
            self.configure()  # the editor's settings are asked for after `initialized`, which perhaps never comes
        found = self.session.snapshot(uri, position.line, position.character)
        if found is None:
            log.info("nothing to do: %.200r is not open, has no line %d, or is too large", uri, position.line)
        return found

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
