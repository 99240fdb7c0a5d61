"""How an editor says that a completion is shown or accepted: by the command of its item, or as Copilot's clients do.

Those send `textDocument/didShowCompletion` and `textDocument/didPartiallyAcceptCompletion` with the item, whose command
has the id of the completion, and run the command where all of it is accepted. A notification that cannot be read is
ignored.
"""

from __future__ import annotations

import logging
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from .server import SeeklineServer

log = logging.getLogger(__name__)

ACCEPTED = "seekline.accepted"
DID_SHOW = "textDocument/didShowCompletion"
DID_PARTIALLY_ACCEPT = "textDocument/didPartiallyAcceptCompletion"
DID_FOCUS = "textDocument/didFocus"


def accepted_command(id: str) -> lsp.Command:
    """What an editor runs once it has inserted all of a completion."""
    return lsp.Command(title="Accepted", command=ACCEPTED, arguments=[{"id": id}])


def accepted(server: SeeklineServer, arguments: Any = None) -> None:
    """`seekline.accepted`: all of a completion was inserted."""
    id = _id_in(arguments)
    if id is None:
        raise JsonRpcInvalidParams(f"{ACCEPTED} takes {{id}}")
    server.session.statistics.observer.accepted(id)


def did_show(server: SeeklineServer, params: Any) -> None:
    """`textDocument/didShowCompletion`: {item}."""
    id = _id_of_item(params)
    if id is None:
        _ignore(DID_SHOW)
        return
    server.session.statistics.observer.shown(id)


def did_partially_accept(server: SeeklineServer, params: Any) -> None:
    """`textDocument/didPartiallyAcceptCompletion`: {item, acceptedLength}, in UTF-16 units from the item's start."""
    id, length = _id_of_item(params), _member(params, "acceptedLength")
    if id is None or not isinstance(length, int) or isinstance(length, bool) or length < 0:
        _ignore(DID_PARTIALLY_ACCEPT)
        return
    server.session.statistics.observer.accepted(id, length)


def did_focus(server: SeeklineServer, params: Any) -> None:
    """`textDocument/didFocus`: {textDocument: {uri}}. The user looks at another document."""
    uri = _member(_member(params, "textDocument"), "uri")
    if not isinstance(uri, str):
        _ignore(DID_FOCUS)
        return
    from ..completion.warm_up import warm_up

    server.session.statistics.observer.focused(uri)
    warm_up(server.session, uri)


def _id_of_item(params: Any) -> str | None:
    arguments = _member(_member(_member(params, "item"), "command"), "arguments")
    return _id_in(arguments[0]) if isinstance(arguments, list) and arguments else None


def _id_in(argument: Any) -> str | None:
    id = _member(argument, "id")
    return id if isinstance(id, str) else None


def _member(value: Any, name: str) -> Any:
    """A member of a JSON object, which pygls may have made an object of; None where there is none."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def _ignore(name: str) -> None:
    log.warning("%s has params that cannot be used, and was ignored", name)
