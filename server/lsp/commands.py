"""What an editor can have the server do by `workspace/executeCommand`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from .server import SeeklineServer, boundary

if TYPE_CHECKING:
    from ..completion.pauses import Scope


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


def pause(server: SeeklineServer, *arguments: Any) -> None:
    """`seekline.pause`: no completions but those that are invoked, for so many minutes or until resumed."""
    scope, minutes = _scope("seekline.pause", arguments), None
    if arguments:
        minutes = arguments[0].get("minutes")
    if minutes is not None and (isinstance(minutes, bool) or not isinstance(minutes, (int, float)) or minutes <= 0):
        raise JsonRpcInvalidParams("seekline.pause: minutes is a number above 0, or left out")
    server.session.pauses.pause(scope, minutes)
    server.status.look()
    if minutes is not None:
        asyncio.get_running_loop().call_later(60 * minutes + 1, server.status.look)


def resume(server: SeeklineServer, *arguments: Any) -> None:
    """`seekline.resume`: ends a pause."""
    server.session.pauses.resume(_scope("seekline.resume", arguments))
    server.status.look()


def _scope(command: str, arguments: tuple[Any, ...]) -> Scope:
    """What a command is about: a document, a language, or everything."""
    from ... import fim
    from ..completion.pauses import Scope

    if not arguments:
        return Scope()
    try:
        document, language = arguments[0].get("textDocument"), arguments[0].get("language")
        uri = None if document is None else str(document["uri"])
    except (AttributeError, KeyError, TypeError) as error:
        raise JsonRpcInvalidParams(f"{command} takes {{textDocument: {{uri}}}}, {{language}} or nothing") from error
    if language is None:
        return Scope(uri=uri)
    known = fim.language_named(str(language))
    if known is None:
        raise JsonRpcInvalidParams(f"{command}: there is no language {str(language)[:100]!r}")
    return Scope(language=known.name)


def status(server: SeeklineServer) -> dict[str, Any]:
    """`seekline.status`: what the engine is doing."""
    now = server.session.status
    return {"state": now.state, "reason": now.reason, "idle": now.idle}
