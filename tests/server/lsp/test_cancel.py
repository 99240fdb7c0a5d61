"""Cancelling and superseding, on a model slow enough to be caught at work."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from editor import AUTOMATIC, INVOKED, Editor, Spot, editor
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcRequestCancelled
from tiny_models import save_llama

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = "".join(f"value_{number} = compute({number})\n" for number in range(200))
UNSTOPPED_S = 25
"""Less than a request takes that nobody stops: 2,000 tokens, half a minute at least."""
DEAF = """
from dataclasses import replace
from threading import Event
from fake_engine import FakeEngine
from seekline.server.lsp.transport import serve_stdio

class Deaf(FakeEngine):
    def stream(self, request, cancel):
        self.status = replace(self.status, reason="at work", idle=False)
        Event().wait()
        yield

serve_stdio({}, engine=Deaf())
"""
SETTINGS = {"maxNewTokens": 2000, "contextTokens": 2000, "debounceMs": 0, "leastProbability": 0}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def slow(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    """An editor on a random model that writes on and on, at about 20 ms a token."""
    folder: Path = save_llama(
        tmp_path_factory.mktemp("slow"),
        hidden_size=512,
        intermediate_size=1536,
        num_hidden_layers=8,
        max_position_embeddings=8192,
    )
    async with editor("--model", str(folder), settings=SETTINGS) as made:
        await made.until("ready")
        yield made


async def busy(slow: Editor) -> None:
    """Waits until a prompt is made, or the device works."""
    while (await slow.status())["idle"]:
        await asyncio.sleep(0.01)


async def idle(slow: Editor) -> None:
    while not (await slow.status())["idle"]:
        await asyncio.sleep(0.005)


def long_request(slow: Editor, name: str, kind: int = INVOKED) -> tuple[Spot, asyncio.Future]:
    spot = slow.open(LONG + "def f():▮\n", name)
    return spot, slow.ask(spot, kind, id=f"request-{name}")


async def test_cancel_is_answered_before_the_device_has_stopped() -> None:
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    async with editor(command=[sys.executable, "-c", DEAF], env={"PYTHONPATH": path}, settings=SETTINGS) as made:
        _, request = long_request(made, "deaf.py")
        while (await made.status())["reason"] != "at work":
            await asyncio.sleep(0.01)
        made.client.cancel_request(lsp.CancelParams("request-deaf.py"))
        with pytest.raises(JsonRpcRequestCancelled):
            await request
        assert not (await made.status())["idle"]


async def test_cancel_stops_the_device(slow: Editor) -> None:
    for number in range(5):
        _, request = long_request(slow, f"cancel{number}.py")
        await busy(slow)
        await asyncio.sleep(0.05 + 0.2 * number)  # in prefill first, among the tokens later
        assert not request.done()
        slow.client.cancel_request(lsp.CancelParams(f"request-cancel{number}.py"))
        with pytest.raises(JsonRpcRequestCancelled):
            await request
        await asyncio.wait_for(idle(slow), UNSTOPPED_S)


async def test_a_newer_request_supersedes_the_older_of_its_document(slow: Editor) -> None:
    spot, older = long_request(slow, "newer.py")
    await busy(slow)
    newer = slow.ask(spot, INVOKED, id="newer")
    assert await asyncio.wait_for(older, UNSTOPPED_S) is None
    assert not newer.done()
    slow.client.cancel_request(lsp.CancelParams("newer"))
    with pytest.raises(JsonRpcRequestCancelled):
        await newer
    await idle(slow)


async def test_a_change_of_the_document_stops_what_was_asked_before_it(slow: Editor) -> None:
    spot, request = long_request(slow, "changed.py", AUTOMATIC)
    await busy(slow)
    slow.type(spot, " ")
    assert await asyncio.wait_for(request, UNSTOPPED_S) is None
    await asyncio.wait_for(idle(slow), UNSTOPPED_S)


async def test_closing_the_document_stops_it(slow: Editor) -> None:
    spot, request = long_request(slow, "closed.py")
    await busy(slow)
    slow.client.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(spot.uri)))
    assert await asyncio.wait_for(request, UNSTOPPED_S) is None
    await asyncio.wait_for(idle(slow), UNSTOPPED_S)


async def test_other_documents_wait_their_turn(slow: Editor) -> None:
    _, first = long_request(slow, "first.py")
    await busy(slow)
    spot, second = long_request(slow, "second.py")
    await asyncio.sleep(0.1)
    assert not first.done()
    slow.client.cancel_request(lsp.CancelParams("request-first.py"))
    with pytest.raises(JsonRpcRequestCancelled):
        await first
    await busy(slow)
    slow.type(spot, " ")
    assert await asyncio.wait_for(second, UNSTOPPED_S) is None


async def test_cancelling_what_is_not_there_is_no_error(slow: Editor) -> None:
    for id in ("nothing", 77):
        slow.client.cancel_request(lsp.CancelParams(id))
    assert (await slow.status())["state"] == "ready"


async def test_shutdown_while_the_device_works(slow: Editor) -> None:
    """Runs last: the fixture's end then finds a server that has left in time, with code 0."""
    _, request = long_request(slow, "last.py")
    await busy(slow)
    await slow.client.shutdown_async(None)
    slow.client.exit(None)
    assert await asyncio.wait_for(slow.process.wait(), UNSTOPPED_S) == 0
    assert request.done()
