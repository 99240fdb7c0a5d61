"""`didChangeStatus`, by which Copilot's server tells its clients what it is doing.

It goes to clients alone that introduce themselves to Copilot's server, by `editorInfo` in `initializationOptions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from ...model import Report

DID_CHANGE_STATUS = "didChangeStatus"

StatusKind = Literal["Normal", "Error", "Warning", "Inactive"]


def knows_copilot(initialization_options: object) -> bool:
    """Whether a client is one of Copilot's server."""
    return isinstance(initialization_options, dict) and "editorInfo" in initialization_options


def tell_status(server: LanguageServer, kind: StatusKind, message: str = "", *, busy: bool = False) -> None:
    """Tells the client; on the event loop."""
    params: dict[str, Any] = {"kind": kind, "busy": busy, "message": message}
    server.protocol.notify(DID_CHANGE_STATUS, params)


def tell_of_loading(server: LanguageServer, report: Report) -> None:
    """Tells the client of a step of loading."""
    kind: StatusKind = "Error" if report.error is not None else "Warning" if report.warning else "Normal"
    tell_status(server, kind, report.message, busy=not report.done)
