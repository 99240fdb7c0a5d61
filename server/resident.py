"""The model in memory: it loads, completes and makes prompts on the one thread that owns the device."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Literal

from .. import model
from . import pipeline
from .contexts import Contexts
from .settings import Settings

log = logging.getLogger(__name__)

State = Literal["not loaded", "loading", "ready", "failed"]
_LOADED_WITH = ("model", "device", "dtype", "quantization", "trust_remote_code", "threads")


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the model is doing. `reason`: which model and why, or why none. `idle`: the device has nothing to do."""

    state: State
    reason: str
    idle: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A step of loading. `done` with the last one; `error` where it was the last for that reason."""

    message: str
    done: bool = False
    error: str | None = None


class Resident:
    """The owner of the loaded model. Requests may come from any thread; `report` is called from the device's."""

    def __init__(self, report: Callable[[Report], None]) -> None:
        self._report = report
        self._worker = model.Worker()
        self._contexts = Contexts()
        self._loaded: model.LoadedModel | None = None
        self._loaded_with: tuple[Any, ...] | None = None
        self._state: State = "not loaded"
        self._reason = ""

    @property
    def status(self) -> Status:
        return Status(state=self._state, reason=self._reason, idle=self._worker.idle)

    def load(self, settings: Settings, base: Path) -> None:
        """Starts to load the model that `settings` name, unless it is there, under way, or failed for them.

        Folders are relative to `base`. Jobs that come now wait until it is there.
        """
        loaded_with = tuple(getattr(settings, key) for key in _LOADED_WITH)
        if loaded_with != self._loaded_with:
            self._loaded_with = loaded_with
            self._state = "loading"
            self._worker.submit(lambda _: self._load(settings, base), key="load")

    def retry(self) -> None:
        """Lets the next `load` try again what failed."""
        if self._state == "failed":
            self._loaded_with = None

    def complete(
        self, key: Hashable, hole: pipeline.Hole, settings: Settings, *, explicit: bool
    ) -> model.Job[pipeline.Completion | None]:
        """Queues a completion; it supersedes older ones of `key`. Its result is None where no model could be loaded."""

        def run(cancel: Event) -> pipeline.Completion | None:
            if (loaded := self._loaded) is None:
                return None
            return pipeline.generate(
                hole,
                loaded,
                pipeline.prompting(loaded.plan, loaded.tokenizer, settings),
                self._contexts,
                temperature=settings.temperature,
                explicit=explicit,
                cancel=cancel,
            )

        return self._worker.submit(run, key=key)

    def prompt(self, hole: pipeline.Hole, settings: Settings) -> model.Job[dict[str, Any] | None]:
        """Queues the making of a prompt, as JSON."""

        def run(_: Event) -> dict[str, Any] | None:
            if (loaded := self._loaded) is None:
                return None
            how = pipeline.prompting(loaded.plan, loaded.tokenizer, settings)
            return pipeline.prompt_as_json(*pipeline.make_prompt(hole, how, self._contexts))

        return self._worker.submit(run)

    def abandon(self, key: Hashable) -> None:
        """Gives up the completions of `key`: what they would answer is out of date."""
        self._worker.cancel(key)

    def close(self, timeout_s: float) -> bool:
        """Stops the device; False where it does not stop in time."""
        return self._worker.close(timeout_s)

    def _load(self, settings: Settings, base: Path) -> None:
        self._unload()
        self._report(Report(message="choosing a model"))
        try:
            plan = model.make_plan(wanted(settings), base=base)
            self._loaded = model.load_model(
                plan, threads=threads(settings), report=lambda step: self._report(Report(message=step))
            )
        except Exception as error:
            if not isinstance(error, model.ModelError):
                log.exception("loading failed")
            self._state, self._reason = "failed", str(error)
            self._report(Report(message="no model", done=True, error=str(error)))
        else:
            self._state, self._reason = "ready", plan.summary
            self._report(Report(message=plan.summary, done=True))

    def _unload(self) -> None:
        if self._loaded is not None:
            self._loaded = None
            gc.collect()
            if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_available():
                torch.cuda.empty_cache()


def wanted(settings: Settings) -> model.Wanted:
    """What the settings ask of the planner."""
    return model.Wanted(
        model=settings.model,
        device=settings.device,
        dtype=settings.dtype,
        quantization=settings.quantization,
        sequence_tokens=settings.max_new_tokens
        + (pipeline.GPU_PROMPT_TOKENS if settings.context_tokens == "auto" else settings.context_tokens),
        trusted=settings.trust_remote_code,
    )


def threads(settings: Settings) -> int:
    return model.compute_threads() if settings.threads == "auto" else settings.threads
