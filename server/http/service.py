"""The one mutable root of the HTTP server: the engine, how its model is prompted, and who waits for it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from threading import Event
from zlib import crc32

from ... import model
from ..completion.prompt_config import PromptConfig, notices, prompt_config
from ..engines import wanted_model
from ..settings import consent
from ..settings.config import Config
from .gate import Gate
from .metrics import Metrics

log = logging.getLogger(__name__)

CLIENT = "HTTP server"
_HEAD_CHARACTERS = 512
"""Of a prompt, by which requests of one document are known: the rest changes while its user types."""


class Service:
    """Owns the engine. Belongs to the event loop, but for `said`, which any thread calls."""

    def __init__(self, config: Config, engine: model.Engine | None = None) -> None:
        self.config = config
        self.gate = Gate()
        self.metrics = Metrics(self.gate)
        self.engine: model.Engine = engine or model.ChosenEngine(self._said)
        self._keys: set[str] = set()
        self._told: set[str] = set()
        self._warming = Event()

    def load(self) -> None:
        """Has the engine load what the settings name, unless it has."""
        if isinstance(self.engine, model.ChosenEngine):
            wanted = wanted_model(self.config.settings, Path.cwd(), editor=CLIENT)
            self.engine.load(wanted, lambda: consent.loadable(self.config, self._note))

    async def prompt_config(self) -> PromptConfig:
        """How to prompt the model, once it is loaded. Raises `ModelError` and `BadSettings`."""
        self.load()
        info = await asyncio.wrap_future(self.engine.info())
        config = prompt_config(info, self.config.settings)
        for notice in notices(config, self.config.settings):
            self._note(notice)
        return config

    def take_key(self, head: str) -> str:
        """The key of a KV cache for a prompt that begins with `head`: the same as of the request before, unless that is
        still under way. `give_back` it."""
        base = f"http-{crc32(head[:_HEAD_CHARACTERS].encode('utf-8', 'replace')):08x}"
        key, number = base, 0
        while key in self._keys:
            number += 1
            key = f"{base}-{number}"
        self._keys.add(key)
        return key

    def give_back(self, key: str) -> None:
        self._keys.discard(key)

    def warm(self, request: model.CompletionRequest) -> None:
        """Has a prompt computed, while nobody asks for anything else: the next request or prompt stops it."""
        self._warming.set()
        if self.gate.running or self.gate.waiting:
            return
        self._warming = Event()
        self.engine.warm(replace(request, key="http-warm"), self._warming)

    def stop_warming(self) -> None:
        self._warming.set()

    def close(self, timeout_s: float) -> bool:
        return self.engine.close(timeout_s)

    def _said(self, report: model.Report) -> None:
        if report.error is not None or report.refused is not None:
            self._note(f"No completions: {report.error or report.refused}")
        elif report.warning:
            self._note(report.message)
        elif report.done:
            log.warning("%s", report.message)  # the one line of a server that is well

    def _note(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            log.warning("%s", message)
