"""A remote engine and the server that it asks, for tests of what becomes of one request."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from scripted_server import WAIT_S, Exchange, Script, ScriptedServer
from seekline import model

OWNED = {"data": [{"id": "tiny", "owned_by": "someone", "max_model_len": 2048}]}


@dataclass
class Asker:
    """An engine that asks the server at `url`; `settings` are those of `RemoteModel`."""

    url: str
    settings: dict[str, Any] = field(default_factory=dict)
    reports: list[model.Report] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = model.RemoteEngine(self.reports.append)
        self.load()

    def load(self, **changes: Any) -> None:
        self.settings |= changes
        self.engine.load(model.RemoteModel(**{"url": self.url, **self.settings}))

    def info(self) -> model.EngineInfo:
        return self.engine.info().result(WAIT_S)

    def request(self, **more: Any) -> model.CompletionRequest:
        asked: dict[str, Any] = {
            "ids": (1, 2, 3),
            "prefix": "a = ",
            "suffix": "\nb",
            "pieces": (model.ControlToken("<s>"), "a = "),
            "max_new_tokens": 8,
            "version": self.info().version,
        }
        return model.CompletionRequest(**{**asked, **more})

    def pieces(self, *, cancel: Event | None = None, **more: Any) -> list[model.Piece]:
        return list(self.engine.stream(self.request(**more), cancel or Event()))

    def text(self, **more: Any) -> str:
        return "".join(piece.text for piece in self.pieces(**more))


@contextlib.contextmanager
def asker(url: str, **settings: Any) -> Iterator[Asker]:
    made = Asker(url, settings)
    try:
        yield made
    finally:
        assert made.engine.close(WAIT_S)


@contextlib.contextmanager
def served(script: Script, models: object = OWNED, **settings: Any) -> Iterator[tuple[Asker, ScriptedServer]]:
    """A server that lists `models` and answers completions by `script`, and an engine that has asked it what it is."""

    def answer(exchange: Exchange) -> None:
        if exchange.path.endswith("/models"):
            exchange.json(models)
        else:
            script(exchange)

    with ScriptedServer(answer) as server, asker(server.url, **settings) as made:
        made.info()
        server.exchanges.clear()
        yield made, server


def writes(*texts: str, reason: str = "stop", **more: object) -> Script:
    """An answer in these pieces."""

    def script(exchange: Exchange) -> None:
        exchange.stream()
        for text in texts:
            exchange.event({"choices": [{"index": 0, "text": text, "finish_reason": None, **more}]})
        exchange.event({"choices": [{"index": 0, "text": "", "finish_reason": reason}]})
        exchange.event("[DONE]")

    return script


def refuses(status: str, message: str = "", **headers: object) -> Script:
    return lambda exchange: exchange.json({"error": {"message": message}}, status, **headers)


def in_turn(*scripts: Script) -> Script:
    """One after the other; the last one again and again."""
    left = list(scripts)

    def script(exchange: Exchange) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(exchange)

    return script
