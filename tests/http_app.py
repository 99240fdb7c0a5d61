"""The HTTP server in this process: its application over a real socket, with a small random model or an engine of a
test's own."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import uvicorn
from seekline import model
from seekline.server.http.app import create_app
from seekline.server.http.service import Service
from seekline.server.http.serving import PatientProtocol
from seekline.server.settings.config import command_line_layer, merge

WAIT_S = 60


@dataclass(frozen=True)
class Running:
    """A server at `url`, which ends with its block."""

    url: str
    port: int
    service: Service


def service_of(folder: Path, **settings: object) -> Service:
    """A service with the model in `folder`."""
    given = {"model": str(folder), "device": "cpu", "dtype": "float32", "share": False, **settings}
    return Service(merge([command_line_layer(given)]))


@contextlib.contextmanager
def running(service: Service, *, key: str | None = None, engine: model.Engine | None = None) -> Iterator[Running]:
    if engine is not None:
        service.engine = engine
    app = create_app(service, key=key, hosts=frozenset({"localhost"}))
    config = uvicorn.Config(app, port=0, http=PatientProtocol, ws="none", log_config=None, timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline_s = monotonic() + WAIT_S
        while not server.started:
            assert monotonic() < deadline_s
            assert thread.is_alive()
            sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Running(url=f"http://127.0.0.1:{port}", port=port, service=service)
    finally:
        server.should_exit = True
        thread.join(WAIT_S)
        assert not thread.is_alive()
