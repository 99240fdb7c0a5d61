"""pygls, mended where an editor would hang or lose text.

- Every request is answered: those with unusable params, those before `initialize` and those after `shutdown` too.
- Documents are Seekline's own (`documents.py`): pygls splits lines where LSP does not.
- Answers carry no tracebacks; `exit` returns the code that the specification asks for.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from cattrs.errors import BaseValidationError
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcInternalError, JsonRpcInvalidParams, JsonRpcMethodNotFound
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method
from pygls.protocol.json_rpc import RPCNotification, RPCRequest

from .framing import Oversized
from .jsonrpc import INVALID_REQUEST, Refusal, read_message
from .leniency import without_unusable
from .synchronization import Synchronization, refuse

if TYPE_CHECKING:
    from ..session import Session
    from .lifetime import Lifetime

log = logging.getLogger(__name__)

_SERVER_NOT_INITIALIZED = -32002
_WITH_TEXT = {
    lsp.TEXT_DOCUMENT_DID_OPEN,
    lsp.TEXT_DOCUMENT_DID_CHANGE,
    lsp.TEXT_DOCUMENT_DID_SAVE,
    lsp.NOTEBOOK_DOCUMENT_DID_OPEN,
    lsp.NOTEBOOK_DOCUMENT_DID_CHANGE,
}


class Served(Protocol):
    """The server, as far as the protocol knows it."""

    lifetime: Lifetime

    @property
    def session(self) -> Session: ...


class SeeklineProtocol(Synchronization, LanguageServerProtocol):  # pyright: ignore[reportIncompatibleMethodOverride]
    """The protocol over the session of its server."""

    _server: Served  # pyright: ignore[reportIncompatibleVariableOverride]

    def read(self, body: bytes) -> Any:
        """The message in a body for `take`, or the `Refusal` that answers it, or None for nothing; from any thread."""
        message = read_message(body)
        return message if isinstance(message, Refusal) else self.structure_message(message)

    def take(self, message: Any) -> None:
        """Handles a message, or starts to; on the event loop. Never raises for what a client says."""
        if message is None:
            return
        if isinstance(message, Refusal):
            self._refuse(message)
            return
        if isinstance(message, RPCRequest):
            refusal = self._refusal(message.method)
            if refusal is not None:
                self._send_response(message.id, error=refusal)
                return
        elif isinstance(message, RPCNotification) and self._workspace is None and message.method != lsp.EXIT:
            log.warning("%r came before initialize and was ignored", message.method)
            return
        self.handle_message(message)

    def take_oversized(self, message: Oversized) -> None:
        """Answers a message that was too long to be read."""
        seen, length = message.glance, f"{message.length_bytes:,} bytes"
        if seen.method is None and seen.id is not None:
            self._handle_response(seen.id, error=_unread(f"an answer of {length} is too long"))
        elif seen.method is None:
            self._refuse(Refusal(id=None, code=INVALID_REQUEST, message=f"a message of {length} is too long"))
        elif seen.id is not None:
            code = lsp.LSPErrorCodes.RequestFailed
            self._refuse(Refusal(id=seen.id, code=code, message=f"a request of {length} is too long"))
        elif seen.method in _WITH_TEXT and seen.uri is not None and self._workspace is not None:
            refuse(self._server.session, seen.uri)
        else:
            log.warning("%r of %s is too long and was ignored", seen.method, length)

    def _refuse(self, refusal: Refusal) -> None:
        log.warning("a message was refused: %s", refusal.message)
        error = {"code": refusal.code, "message": refusal.message}
        self._send_data({"jsonrpc": "2.0", "id": refusal.id, "error": error})

    def structure_message(self, data: dict[str, Any]) -> Any:
        """The message as its type in lsprotocol, the `Refusal` that answers it, or None where it means nothing."""
        method, id = data.get("method"), data.get("id")
        ours = id in self._result_types  # which has the requests that the editor has not answered yet
        if method is None and not ours:
            if "result" not in data and "error" not in data:
                return Refusal(id=id, code=INVALID_REQUEST, message="a request has a method")
            log.info("an answer to %r, which was not asked, was ignored", id)
            return None
        if method is not None and id is not None and (ours or _is_notification(method)):
            return Refusal(id=id, code=INVALID_REQUEST, message="this id is not for a request of the client")
        try:
            if method == lsp.INITIALIZE and id is not None:
                return self._initialize_request(data)
            return super().structure_message({"result": None, **data} if method is None else data)
        except (JsonRpcException, BaseValidationError) as error:
            return self._unreadable(method, id, error)

    def _initialize_request(self, data: dict[str, Any]) -> lsp.InitializeRequest:
        """The request without what is wrong in it and not needed."""

        def structure(data: dict[str, Any]) -> lsp.InitializeRequest:
            params = data.get("params")
            if isinstance(params, dict):
                params.setdefault("capabilities", {})
            return self._converter.structure(data, lsp.InitializeRequest)

        request, ignored = without_unusable(data, structure)
        for name in ignored:
            log.warning("initialize: %s cannot be used and was ignored", name)
        return request

    def _unreadable(self, method: str | None, id: int | str | None, error: Exception) -> Any:
        refused = id is not None and method is not None  # which is logged when it is answered
        level = logging.DEBUG if refused else logging.WARNING
        log.log(level, "%s cannot be read: %r", "an answer" if method is None else repr(method), error)
        if id is None:
            return None
        if method is None:
            return lsp.ResponseErrorMessage(id=id, error=_unread("the answer is not as the specification has it"))
        if self.get_message_type(method) is None:
            return Refusal(id=id, code=JsonRpcMethodNotFound.CODE, message=f"there is no method {method[:100]!r}")
        text = f"the params of {method} are not as the specification has them"
        return Refusal(id=id, code=JsonRpcInvalidParams.CODE, message=text)

    def _handle_response(
        self, msg_id: str | int, result: Any | None = None, error: lsp.ResponseError | None = None
    ) -> None:
        """As pygls has it, but an answer that nobody waits for any more is no error."""
        self._result_types.pop(msg_id, None)
        future = self._request_futures.get(msg_id)
        if future is None or future.done():
            self._request_futures.pop(msg_id, None)
            log.info("the answer to %r came too late, and was ignored", msg_id)
            return
        super()._handle_response(msg_id, result, error)

    def _handle_cancel_notification(self, msg_id: Any) -> None:
        """As pygls has it, but only what the editor asked can be cancelled."""
        if isinstance(msg_id, (int, str)) and msg_id not in self._result_types:
            super()._handle_cancel_notification(msg_id)

    def _refusal(self, method: str) -> lsp.ResponseError | None:
        """Why a request cannot be served in this part of the server's life (LSP 3.17, "Server lifecycle")."""
        if self._shutdown:
            return lsp.ResponseError(code=INVALID_REQUEST, message="the server is shutting down")
        if (self._workspace is None) != (method == lsp.INITIALIZE):
            if method == lsp.INITIALIZE:
                return lsp.ResponseError(code=INVALID_REQUEST, message="initialize came twice")
            return lsp.ResponseError(code=_SERVER_NOT_INITIALIZED, message="initialize comes first")
        return None

    def _send_handler_result(self, future: Any, *, msg_id: str | int) -> None:
        """As pygls has it, but an unexpected error is logged, and told without the paths in it."""
        if not future.cancelled() and (error := future.exception()) is not None:
            self._request_futures.pop(msg_id, None)
            if isinstance(error, JsonRpcException):
                log.warning("request %r was refused: %s", msg_id, error)
            else:
                log.error("request %r failed", msg_id, exc_info=error)
                error = JsonRpcInternalError()
            self._send_response(msg_id, error=error.to_response_error())
            return
        super()._send_handler_result(future, msg_id=msg_id)

    def _send_response(
        self, msg_id: str | int, result: Any | None = None, error: lsp.ResponseError | None = None
    ) -> None:
        """As pygls has it, but no answer carries a traceback."""
        if error is not None and error.code == JsonRpcInternalError.CODE:
            error = lsp.ResponseError(code=error.code, message="unexpected error; see the server's log")
        super()._send_response(msg_id, result, error)

    @lsp_method(lsp.INITIALIZE)
    def lsp_initialize(self, params: lsp.InitializeParams) -> Generator[Any, Any, lsp.InitializeResult]:
        """As pygls has it, but a folder that is nowhere is ignored."""
        if params.root_uri is not None and not _is_usable(params.root_uri):
            params.root_uri = None
        path = params.root_path
        if path is not None and not (PurePath(path).is_absolute() and _is_usable(path)):
            params.root_path = None
        folders = params.workspace_folders or ()
        params.workspace_folders = [folder for folder in folders if _is_usable(folder.uri)]
        return (yield from super().lsp_initialize(params))

    @lsp_method(lsp.EXIT)
    def lsp_exit(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *_: Any
    ) -> None:
        self._server.lifetime.end(0 if self._shutdown else 1, "the client asked for it")


def _is_notification(method: str) -> bool:
    known = lsp.METHOD_TO_TYPES.get(method)
    return known is not None and known[1] is None


def _is_usable(place: str) -> bool:
    """Whether a URI or a path can be that of a folder."""
    try:
        urlsplit(place)
        usable = "\0" not in unquote(place)
    except ValueError:
        usable = False
    if not usable:
        log.warning("%a cannot be used as a folder and was ignored", place[:200])
    return usable


def _unread(message: str) -> lsp.ResponseError:
    return lsp.ResponseError(code=lsp.LSPErrorCodes.RequestFailed, message=message)


def converter() -> Any:
    """pygls's converter, which also takes the trigger kind 0 that vscode-languageclient 9 sends for an explicit one.

    It takes nothing else for a string or an integer; pygls's own would make the text "3" of a number.
    """
    kind = lsp.InlineCompletionTriggerKind

    def read_kind(value: Any, _: Any) -> lsp.InlineCompletionTriggerKind:
        return kind.Invoked if value == 0 else kind(value)

    converter = default_converter()
    converter.register_structure_hook(kind, read_kind)
    converter.register_structure_hook(str, _string)
    converter.register_structure_hook(int, _integer)
    converter.register_structure_hook(bool, _truth)  # which are integers to Python
    return converter


def _string(value: Any, of: type[Any]) -> Any:
    """`of`: `str`, or an enumeration of strings."""
    if not isinstance(value, str):
        raise TypeError(f"a string was expected, not {type(value).__name__}")
    return of(value)


def _integer(value: Any, of: type[Any]) -> Any:
    """`of`: `int`, or an enumeration of integers."""
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
        raise TypeError(f"an integer was expected, not {type(value).__name__}")
    return of(value)


def _truth(value: Any, _: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"true or false was expected, not {type(value).__name__}")
    return value
