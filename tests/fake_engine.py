"""An engine that is not ours: it streams canned text, slowly, and is asked in text instead of token ids."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future
from threading import Event

from seekline import model

LIMITS = model.Limits(
    context_tokens=4096,
    prompt_tokens=512,
    longest_prompt_tokens=2048,
    suffix_tokens=128,
    is_local=True,
    takes_ids=False,
)


INFO = model.EngineInfo(name="fake", summary="a fake", family="deepseek-coder", limits=LIMITS, tokenizer=None)


class FakeEngine:
    """Writes `text` character by character, each after so long, and remembers what it was asked."""

    def __init__(self, text: str = "1 + 2\n", *, seconds_each: float = 0.0) -> None:
        self.text = text
        self.seconds_each = seconds_each
        self.requests: list[model.CompletionRequest] = []
        self.forgotten: list[str] = []
        self.status = model.Status(state="ready", reason="a fake", idle=True)

    def info(self) -> Future[model.EngineInfo]:
        known: Future[model.EngineInfo] = Future()
        known.set_result(INFO)
        return known

    def stream(self, request: model.CompletionRequest, cancel: Event) -> Generator[model.Piece, None, None]:
        self.requests.append(request)
        for character in self.text:
            if cancel.wait(self.seconds_each):
                raise model.Cancelled
            yield model.Piece(text=character)
        yield model.Piece(text="", end="end")

    def warm(self, request: model.CompletionRequest, cancel: Event) -> None:
        pass

    def forget(self, key: str) -> None:
        self.forgotten.append(key)

    def close(self, timeout_s: float) -> bool:
        return True
