"""An engine in this process, and requests that are read in threads of their own, as editors read them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

from seekline import model
from seekline.model.engines.in_process import InProcessRunner
from tiny_models import VOCABULARY

SOON_S = 60.0
CONTEXT_TOKENS = 16_384
LARGE = tuple(10 + n % 4000 for n in range(7000))
"""A hundred chunks: longer than what the tests do meanwhile."""


class Asking(Thread):
    """A request that is read to its end, as an editor's is."""

    def __init__(self, engine: model.LocalEngine, **wanted: Any) -> None:
        super().__init__(daemon=True)
        self._engine = engine
        version = engine.info().result(SOON_S).version
        self.request = model.CompletionRequest(**{"version": version, "max_new_tokens": 8, **wanted})
        self.cancel = Event()
        self.pieces: list[model.Piece] = []
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            for piece in self._engine.stream(self.request, self.cancel):
                self.pieces.append(piece)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def result(self) -> list[int]:
        self.join(SOON_S)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error
        return [id for piece in self.pieces for id in piece.ids]


class Served:
    def __init__(self, folder: Path) -> None:
        self.reports: list[model.Report] = []
        self.engine = model.LocalEngine(self.reports.append)
        self.folder = folder
        self._may_end = Event()
        self.want()

    def want(self, **changes: Any) -> None:
        request = model.ModelRequest(
            **{"model": str(self.folder), "device": "cpu", "sequence_tokens": CONTEXT_TOKENS, **changes}
        )
        self.engine.load(model.LocalModel(request=request, base=self.folder, threads=1, max_new_tokens=8))

    def ask(self, ids: Sequence[int], key: str, **wanted: Any) -> Asking:
        return Asking(self.engine, ids=tuple(ids), key=key, **wanted)

    def ask_large(self, **wanted: Any) -> Asking:
        """One whose prompt is being computed when this returns. It goes on while another one is there, or until its
        cancel, however long that takes here; and once it may end."""
        self.engine.info().result(SOON_S)
        core, jobs = self.core, self.engine._scheduler._jobs
        forward, chunk_tokens = core._backend.forward, core._chunk_tokens

        def waiting(ids: Sequence[int], kv: Any, cancel: Event, **named: Any) -> Any:
            while len(ids) == chunk_tokens and len(self.slot_ids()) > 100 and len(jobs) == 1:
                if cancel.is_set() or self._may_end.wait(0.001):
                    break
            return forward(ids, kv, cancel, **named)

        core._backend.forward = waiting
        asking = self.ask(LARGE, "large", **wanted)
        eventually(lambda: len(self.slot_ids()) > 100)
        return asking

    def end(self, large: Asking) -> list[int]:
        self._may_end.set()
        return large.result()

    def slot_ids(self, key: str = "large") -> list[int]:
        slot = self.core._slots._slots.get(key)
        return slot.ids if slot else []

    @property
    def core(self) -> model.EngineCore[Any]:
        runner = self.engine._loader.runner
        assert isinstance(runner, InProcessRunner)
        return runner._loaded.engine


def eventually(condition: Callable[[], bool]) -> None:
    deadline_s = monotonic() + SOON_S
    while not condition():
        assert monotonic() < deadline_s
        sleep(0.001)


def short(seed: int) -> tuple[int, ...]:
    return tuple((seed * 97 + n * 31) % (VOCABULARY - 10) + 10 for n in range(30))
