"""Pausing and resuming over the wire: what comes by itself, and what is invoked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from editor import AUTOMATIC, INVOKED, Editor, editor
from pygls.exceptions import JsonRpcInvalidParams

pytestmark = pytest.mark.asyncio(loop_scope="module")
CODE = "def area(width, height):\n    return width * ▮\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made() -> AsyncIterator[Editor]:
    async with editor("--model", "embedded", settings={"leastProbability": 0}) as opened:
        await opened.until("ready")
        yield opened


@pytest.mark.parametrize("scope", [{}, {"language": "python"}, {"textDocument": {"uri": "file:///workspace/a.py"}}])
async def test_what_is_paused_comes_when_invoked_only(made: Editor, scope: dict[str, Any]) -> None:
    spot = made.open(CODE, "a.py")
    assert await made.ghost_text(spot, AUTOMATIC)
    await made.command("seekline.pause", {**scope, "minutes": 5})
    assert await made.ghost_text(spot, AUTOMATIC) is None
    assert await made.ghost_text(spot, INVOKED)
    await made.command("seekline.resume", scope)
    assert await made.ghost_text(spot, AUTOMATIC)


async def test_others_go_on(made: Editor) -> None:
    spot = made.open(CODE, "b.py")
    await made.command("seekline.pause", {"language": "go"})
    await made.command("seekline.pause", {"textDocument": {"uri": "file:///workspace/a.py"}})
    assert await made.ghost_text(spot, AUTOMATIC)
    await made.command("seekline.resume")


@pytest.mark.parametrize(
    "arguments",
    [{"minutes": 0}, {"minutes": "5"}, {"minutes": True}, {"language": "pyton"}, {"textDocument": {}}, [1], "x", 7],
)
async def test_unusable_arguments_are_refused(made: Editor, arguments: Any) -> None:
    with pytest.raises(JsonRpcInvalidParams):
        await made.command("seekline.pause", arguments)
    spot = made.open(CODE, "c.py")
    assert await made.ghost_text(spot, AUTOMATIC)
