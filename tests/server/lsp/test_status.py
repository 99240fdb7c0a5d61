"""The notification `seekline/status`: to clients that want it, on change only, and not for what lasts but a moment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fake_engine import FakeEngine
from lsprotocol import types as lsp
from raw_client import INITIALIZE, RawServer
from seekline import model
from seekline.server.completion.pauses import Scope
from seekline.server.lsp.status import StatusNotifications
from seekline.server.session import Session

WANTED = {**INITIALIZE, "capabilities": {"experimental": {"seekline": {"status": True}}}}


def told_by(server: RawServer, states: int) -> list[dict[str, Any]]:
    """The first so many states that a server tells."""
    found: list[dict[str, Any]] = []
    for message in server.messages():
        if message.get("method") == "seekline/status":
            found.append(message["params"])
            if len(found) == states:
                break
    return found


def told_once_loaded(server: RawServer) -> dict[str, Any]:
    """Starts a session; the first state behind all of loading."""
    server.ask(1, "initialize", WANTED)
    server.send(method="initialized", params={})
    last = {"state": "loading"}
    while last["state"] == "loading":
        (last,) = told_by(server, 1)
    return last


def test_a_client_that_wants_it_is_told_of_loading(tmp_path: Path) -> None:
    server = RawServer("--model", "embedded", folder=tmp_path)
    last = told_once_loaded(server)
    assert last["state"] == "ready"
    assert "embedded" in last["message"]
    server.leave()


def test_an_error_says_what_to_do(tmp_path: Path) -> None:
    server = RawServer("--model", "no-such-model", folder=tmp_path)
    last = told_once_loaded(server)
    assert last["state"] == "error"
    assert "no-such-model" in last["message"]
    assert "seekline models list" in last["message"]
    server.leave()


@pytest.mark.parametrize("experimental", [None, 3, [], {"seekline": 1}, {"seekline": {"status": "yes"}}])
def test_no_other_client_is_told(tmp_path: Path, experimental: Any) -> None:
    server = RawServer("--model", "embedded", folder=tmp_path)
    server.ask(1, "initialize", {**INITIALIZE, "capabilities": {"experimental": experimental}})
    server.send(method="initialized", params={})
    while server.state() != "ready":
        pass
    server.leave()
    assert not [message for message in server.unasked if message.get("method") == "seekline/status"]


class Told:
    """A server as far as its status needs one, and what it has told."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.session = Session("utf-16", tell=lambda *_: None, report=lambda _: None, engine=self.engine)
        self.client_capabilities = lsp.ClientCapabilities(experimental={"seekline": {"status": True}})
        self.protocol = SimpleNamespace(notify=lambda method, params: self.states.append(params["state"]))
        self.states: list[str] = []

    async def settle(self) -> None:
        await asyncio.sleep(0.5)


async def test_on_change_only_and_not_for_moments() -> None:
    server = Told()
    status = StatusNotifications(server, lambda: server.session)  # type: ignore[arg-type]
    status.start()
    for _ in range(5):
        status.look()
    await server.settle()
    with status.generating():
        pass
    await server.settle()
    assert server.states == ["ready"]
    with status.generating():
        await server.settle()
    await server.settle()
    assert server.states == ["ready", "generating", "ready"]
    server.session.close(5)


async def test_every_state() -> None:
    server = Told()
    status = StatusNotifications(server, lambda: server.session)  # type: ignore[arg-type]
    status.start()

    async def look() -> str:
        status.look()
        await server.settle()
        return server.states[-1]

    server.engine.status = model.Status(state="loading", reason="", idle=False)
    assert await look() == "loading"
    server.engine.status = model.Status(state="ready", reason="a fake", idle=True)
    assert await look() == "ready"
    server.session.pauses.pause(Scope())
    assert await look() == "paused"
    server.session.problem = "The prompt format does not fit."
    assert await look() == "error"
    server.session.problem = None
    server.engine.status = model.Status(state="failed", reason="The memory is full.", idle=True)
    assert await look() == "error"
    server.session.close(5)
