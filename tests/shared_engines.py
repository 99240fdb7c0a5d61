"""Editors that share one engine: the host of the engine process in a thread, which a test can have die."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any, cast

from seekline import model
from seekline.model.engines.process.engine import SharedEngine
from seekline.model.engines.process.host import Host
from tiny_models import IDS

NOWHERE = model.EnginePlace(folder=Path("nowhere"), name="none")
WAIT_S = 60


@dataclass
class Hosting:
    """A host and who serves its connections. `away`: why nobody meets it."""

    host: Host = field(default_factory=lambda: Host(memory_bytes=None))
    threads: list[Thread] = field(default_factory=list)
    away: model.EngineUnreachable | None = None

    def meet(self, wanted: model.SharedModel) -> Connection:
        if self.away is not None:
            raise self.away
        ours, theirs = cast("tuple[Connection, Connection]", Pipe())
        thread = Thread(target=self.host.serve, args=(ours, wanted.client), daemon=True)
        thread.start()
        self.threads.append(thread)
        return theirs

    def die(self) -> None:
        """As a process does: everybody is hung up on, and what was loaded is gone."""
        assert self.host.close(WAIT_S)
        self.host = Host(memory_bytes=None)

    def close(self) -> None:
        assert self.host.close(WAIT_S)
        for thread in self.threads:
            thread.join(WAIT_S)
            assert not thread.is_alive()


@dataclass
class Editor:
    """An editor's server, as far as it has an engine."""

    hosting: Hosting
    folder: Path
    reports: list[model.Report] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = SharedEngine(self.reports.append, self.hosting.meet)
        self.want()

    def want(self, agreed: set[Path] | None = None, **request: Any) -> None:
        self.engine.load(shared(self.folder, **request), lambda: agreed)

    def info(self) -> model.EngineInfo:
        return self.engine.info().result(WAIT_S)

    def request(self, ids: Sequence[int] = IDS, *, key: str = "a.py", **more: Any) -> model.CompletionRequest:
        given = {"version": self.info().version, "max_new_tokens": 8, **more}
        return model.CompletionRequest(ids=tuple(ids), key=key, **given)

    def write(self, ids: Sequence[int] = IDS, **more: Any) -> list[int]:
        while True:
            try:
                return written(self.engine, self.request(ids, **more))
            except model.InfoChanged:  # as the server does: it was made for a model that was loaded again since
                continue

    def vanish(self) -> None:
        """Without a goodbye: the system ends its connection."""
        assert self.engine._link is not None
        self.engine._link._channel.hang_up()

    def close(self) -> None:
        assert self.engine.close(WAIT_S)


def shared(folder: Path, **request: Any) -> model.SharedModel:
    """The wish for the model in `folder`, as small as it runs anywhere."""
    given = {"model": str(folder), "device": "cpu", "dtype": "float32", **request}
    local = model.LocalModel(request=model.ModelRequest(**given), base=folder, threads=1, max_new_tokens=8)
    return model.SharedModel(local=local, place=NOWHERE, client=model.ClientName(name="a test", pid=1), keep_s=0)


def written(engine: model.Engine, request: model.CompletionRequest, cancel: Event | None = None) -> list[int]:
    return [id for piece in engine.stream(request, cancel or Event()) for id in piece.ids]


def until(condition: Any, what: str) -> None:
    """Waits for what comes about by itself."""
    deadline_s = monotonic() + WAIT_S
    while not condition():
        assert monotonic() < deadline_s, what
        sleep(0.01)
