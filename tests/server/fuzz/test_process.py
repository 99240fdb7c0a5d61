"""A real process that is told anything: it answers the next good request, and holds nothing of what it was told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_client import INITIALIZE, RawServer, framed

ROUNDS, MESSAGES = 150, 10
MAX_GROWTH_BYTES = 30_000_000

scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=30))
members = st.sampled_from(["jsonrpc", "id", "method", "params", "result", "error", "textDocument", "uri", "text"])
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner, max_size=5), max_leaves=12
)
methods = st.sampled_from(["textDocument/didOpen", "textDocument/inlineCompletion", "workspace/executeCommand", "x"])
calls = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0"), "method": methods, "params": values}, optional={"id": scalars}
)
bodies = st.one_of(
    st.binary(max_size=100),
    (values | calls).map(lambda value: json.dumps(value).encode()),
    st.integers(15_000, 40_000).map(lambda size: b'{"jsonrpc": "2.0", "params": "%b"}' % (b"x" * size)),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RawServer]:
    made = RawServer("--model", "embedded", folder=tmp_path_factory.mktemp("fuzz"))
    made.ask("first", "initialize", INITIALIZE)
    yield made
    made.leave()


def resident_bytes(server: RawServer) -> int:
    return psutil.Process(server.process.pid).memory_info().rss


@pytest.mark.timeout(600)
def test_a_process_survives_anything_and_holds_nothing(server: RawServer) -> None:
    sizes: list[int] = []

    @settings(
        max_examples=ROUNDS,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.lists(bodies, min_size=MESSAGES, max_size=MESSAGES))
    def tell(said: list[bytes]) -> None:
        server.say(b"".join(framed(body) for body in said))
        server.send(id=f"state {len(sizes)}", method="workspace/executeCommand", params={"command": "seekline.status"})
        while server.receive()["id"] != f"state {len(sizes)}":
            pass
        sizes.append(resident_bytes(server))

    tell()
    assert len(sizes) >= ROUNDS
    settled = sizes[len(sizes) // 3]
    assert sizes[-1] - settled < MAX_GROWTH_BYTES
    assert "Traceback" not in server.log
    assert not [message for message in server.unasked if message.get("method") == "window/showMessage"]
