"""What an editor can have the server do by `workspace/executeCommand`."""

from __future__ import annotations

from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from .server import SeeklineServer, boundary


@boundary
async def prompt(server: SeeklineServer, arguments: Any = None) -> dict[str, Any] | None:
    """`seekline.prompt`: the prompt at a position."""
    try:
        uri = str(arguments["textDocument"]["uri"])
        position = lsp.Position(int(arguments["position"]["line"]), int(arguments["position"]["character"]))
    except (KeyError, TypeError, ValueError) as error:
        raise JsonRpcInvalidParams("seekline.prompt takes {textDocument: {uri}, position}") from error
    found = server.snapshot(uri, position)
    if found is None:
        return None
    found = await server.session.when_settled(uri, found)
    refusal = server.session.refusal(uri)  # as the settings have it that were waited for
    if refusal is not None:
        raise JsonRpcInvalidParams(str(refusal))
    from ..completion.complete import shown_prompt

    return await shown_prompt(server.session, found)


def status(server: SeeklineServer) -> dict[str, Any]:
    """`seekline.status`: what the engine is doing."""
    now = server.session.status
    return {"state": now.state, "reason": now.reason, "idle": now.idle}
