"""pygls, mended where an editor would hang or lose text.

- Every request is answered: those with unusable params, those before `initialize` and those after `shutdown` too.
- Documents are Seekline's own (`documents.py`): pygls splits lines where LSP does not.
- Answers carry no tracebacks; `exit` returns the code that the specification asks for.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcMethodNotFound,
)
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method
from pygls.protocol.json_rpc import RPCRequest

from .documents import Change

if TYPE_CHECKING:
    from .app import SeeklineServer

log = logging.getLogger(__name__)

_SERVER_NOT_INITIALIZED = -32002
_INVALID_REQUEST = -32600


class _Ignored:
    """Stands for a message that was answered, or given up, while it was read."""

    jsonrpc = None


class SeeklineProtocol(LanguageServerProtocol):
    """The protocol over the session of its server."""

    _server: SeeklineServer  # pyright: ignore[reportIncompatibleVariableOverride]
    exit_code: int | None = None
    """None until `exit` came; then 0, or 1 where no `shutdown` came before it."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "method" not in data:
                log.warning("an answer that cannot be read was ignored: %s", error)
                return _Ignored()
            log.warning("%s cannot be read: %s", data["method"], error)
            if "id" in data:
                self._send_response(data["id"], error=self._unreadable(data["method"]).to_response_error())
            return _Ignored()

    def _unreadable(self, method: str) -> JsonRpcException:
        if self.get_message_type(method) is None:
            return JsonRpcMethodNotFound.of(method)
        return JsonRpcInvalidParams(f"the params of {method} are not as the specification has them")

    def handle_message(self, message: Any) -> None:
        if isinstance(message, _Ignored):
            return
        if isinstance(message, RPCRequest) and (refusal := self._refusal(message.method)):
            self._send_response(message.id, error=refusal)
            return
        super().handle_message(message)

    def _refusal(self, method: str) -> lsp.ResponseError | None:
        """Why a request cannot be served in this part of the server's life (LSP 3.17, "Server lifecycle")."""
        if self._shutdown:
            return lsp.ResponseError(code=_INVALID_REQUEST, message="the server is shutting down")
        if (self._workspace is None) != (method == lsp.INITIALIZE):
            if method == lsp.INITIALIZE:
                return lsp.ResponseError(code=_INVALID_REQUEST, message="initialize came twice")
            return lsp.ResponseError(code=_SERVER_NOT_INITIALIZED, message="initialize comes first")
        return None

    def _send_handler_result(self, future: Any, *, msg_id: str | int) -> None:
        """As pygls has it, but an unexpected error is told without its traceback and the paths in it."""
        if not future.cancelled() and (error := future.exception()) is not None:
            self._request_futures.pop(msg_id, None)
            if isinstance(error, JsonRpcException):
                log.warning("request %s was refused: %s", msg_id, error)
            else:
                log.error("request %s failed", msg_id, exc_info=error)
                error = JsonRpcInternalError("unexpected error; see the server's log")
            self._send_response(msg_id, error=error.to_response_error())
            return
        super()._send_handler_result(future, msg_id=msg_id)

    # pygls has generators here, so that users can hook in; it runs plain functions as well.

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, params: lsp.DidOpenTextDocumentParams
    ) -> None:
        document = params.text_document
        self._server.session.open(document.uri, document.text, document.language_id, document.version)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, params: lsp.DidChangeTextDocumentParams
    ) -> None:
        changes = [_change(event) for event in params.content_changes]
        self._server.session.change(params.text_document.uri, params.text_document.version, changes)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, params: lsp.DidCloseTextDocumentParams
    ) -> None:
        self._server.session.close_document(params.text_document.uri)

    @lsp_method(lsp.EXIT)
    def lsp_exit(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *_: Any
    ) -> None:
        self.exit_code = 0 if self._shutdown else 1
        raise SystemExit(self.exit_code)


def _change(event: lsp.TextDocumentContentChangeEvent) -> Change:
    if isinstance(event, lsp.TextDocumentContentChangeWholeDocument):
        return Change(text=event.text)
    start, end = event.range.start, event.range.end
    return Change(text=event.text, start=(start.line, start.character), end=(end.line, end.character))


def converter() -> Any:
    """pygls's converter, which also takes the trigger kind 0 that vscode-languageclient 9 sends for an explicit one."""
    kind = lsp.InlineCompletionTriggerKind

    def read_kind(value: Any, _: Any) -> lsp.InlineCompletionTriggerKind:
        return kind.Invoked if value == 0 else kind(value)

    converter = default_converter()
    converter.register_structure_hook(kind, read_kind)
    return converter
