"""An engine that says what a test has it say, once it may begin."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

from fake_engine import INFO, FakeEngine
from seekline import model


class ScriptedEngine(FakeEngine):
    """One with the embedded model's tokenizer, which may be slow, or held before its first piece while `may_begin` is
    clear. `began` and `ended` say where its only request is; `most`: requests that were in it at a time."""

    def __init__(
        self, pieces: Sequence[str | model.Piece], *, begins_after_s: float = 0.0, seconds_each: float = 0.0
    ) -> None:
        super().__init__(seconds_each=seconds_each)
        self.pieces = pieces
        self.begins_after_s = begins_after_s
        self.may_begin, self.began, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.may_begin.set()
        self.most = self._running = 0
        self._lock = threading.Lock()
        limits = replace(INFO.limits, takes_ids=True)
        tokenizer = model.Tokenizer(model.embedded_folder())
        self.known = replace(INFO, tokenizer=tokenizer, family="seekline-embedded", limits=limits)

    def info(self) -> Any:
        known = super().info()
        known._result = self.known
        return known

    def stream(self, request: model.CompletionRequest, cancel: threading.Event) -> Generator[model.Piece, None, None]:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
        self.began.set()
        try:
            self._wait(cancel, self.begins_after_s)
            while not self.may_begin.is_set():
                self._wait(cancel, 0.005)
            for piece in self.pieces:
                self._wait(cancel, self.seconds_each)
                yield piece if isinstance(piece, model.Piece) else model.Piece(text=piece, ids=(1,))
            yield model.Piece(text="", end="end")
        finally:
            with self._lock:
                self._running -= 1
            self.ended.set()

    def _wait(self, cancel: threading.Event, seconds: float) -> None:
        if cancel.wait(seconds):
            raise model.Cancelled
