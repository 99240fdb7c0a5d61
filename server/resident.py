"""The model in memory: it loads, completes and makes prompts on the one thread that owns the device."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event, Timer
from typing import Any, Literal

from .. import fim, model
from .completion import pipeline
from .completion.contexts import Contexts
from .errors import InputError
from .settings.settings import Settings

log = logging.getLogger(__name__)

State = Literal["not loaded", "loading", "ready", "failed"]
_LEAST_PROMPT_TOKENS = 256
_LOADED_WITH = (
    "model", "device", "dtype", "quantization", "draft_model", "trust_remote_code", "threads", "prompt_format",
)  # fmt: skip

MayLoad = Callable[[], Collection[Path] | None]
"""The folders that may be loaded, by their canonical paths; None: all. It may read the disk, and raise `ModelError`."""


def _all() -> None:
    """Where every folder is named by the user's own settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the model is doing. `reason`: which model and why, or why none. `idle`: the device has nothing to do."""

    state: State
    reason: str
    idle: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A step of loading. `done` with the last one; `error` where it was the last for that reason, `refused` where the
    reason is that the user has not agreed to a folder; `warning` where it goes on with less."""

    message: str
    done: bool = False
    error: str | None = None
    warning: bool = False
    refused: model.FolderNotAgreed | None = None


class Resident:
    """The owner of the loaded model. Requests may come from any thread; `report` is called from the device's."""

    def __init__(self, report: Callable[[Report], None]) -> None:
        self._report = report
        self._worker = model.Worker()
        self._contexts = Contexts()
        self._loaded: model.LoadedModel | None = None
        self._loaded_with: tuple[Any, ...] | None = None
        # What was asked for last, until it loads.
        self._to_load: deque[tuple[Settings, Path, MayLoad]] = deque(maxlen=1)
        self._state: State = "not loaded"
        self._reason = ""
        self._base = Path()
        self._may_load: MayLoad = _all
        self._most_tokens: int | None = None
        self._unload_timer: Timer | None = None

    @property
    def status(self) -> Status:
        return Status(state=self._state, reason=self._reason, idle=self._worker.idle)

    def load(self, settings: Settings, base: Path, may_load: MayLoad = _all) -> None:
        """Starts to load the model that `settings` name, unless it is there, under way, or failed for them.

        Folders are relative to `base`; `may_load` is asked on the device's thread before each one is opened. Jobs that
        come now wait until it is there.
        """
        loaded_with = tuple(getattr(settings, key) for key in _LOADED_WITH)
        if loaded_with != self._loaded_with:
            self._loaded_with = loaded_with
            self._state = "loading"
            self._to_load.append((settings, base, may_load))
            self._worker.submit(lambda _: self._load_next(settings))

    def retry(self) -> None:
        """Lets the next `load` try again what failed."""
        if self._state == "failed":
            self._loaded_with = None

    def complete(
        self, key: Hashable, make_hole: Callable[[], pipeline.Hole], settings: Settings, *, explicit: bool
    ) -> model.Job[pipeline.Completion | None]:
        """Queues a completion; it supersedes older ones of `key`. Its result is None where no model could be loaded.
        `make_hole` is called on the device's thread."""

        def run(cancel: Event) -> pipeline.Completion | None:
            self._load_next(settings)
            hole = make_hole()
            while self._loaded is not None:
                how = self._prompting(self._loaded, settings)
                try:
                    return pipeline.generate(
                        hole,
                        self._loaded,
                        how,
                        self._contexts,
                        temperature=settings.temperature,
                        explicit=explicit,
                        cancel=cancel,
                    )
                except model.OutOfMemory as error:
                    log.warning("a completion ran out of memory: %s", repr(error.__cause__))
                    full = model.OutOfMemory(error.problem, error.remedy)  # without the frames, which hold the model
                if not self._make_do_with_less(how, settings, full):
                    raise full
            return None

        self._unload_later(settings)
        return self._worker.submit(run, key=key)

    def prompt(self, make_hole: Callable[[], pipeline.Hole], settings: Settings) -> model.Job[dict[str, Any] | None]:
        """Queues the making of a prompt, as JSON."""

        def run(_: Event) -> dict[str, Any] | None:
            self._load_next(settings)
            if (loaded := self._loaded) is None:
                return None
            how = self._prompting(loaded, settings)
            return pipeline.prompt_as_json(*pipeline.make_prompt(make_hole(), how, self._contexts))

        return self._worker.submit(run)

    def abandon(self, key: Hashable) -> None:
        """Gives up the completions of `key`: what they would answer is out of date."""
        self._worker.cancel(key)

    def run_soon(self, action: Callable[[], None]) -> model.Job[None]:
        """Has the device's thread run something short before what is asked of it from now on."""

        def run(_: Event) -> None:
            try:
                action()
            except Exception:
                log.exception("%s failed", action.__qualname__)

        return self._worker.submit(run)

    def forget(self, path: str) -> None:
        """Gives back what is kept for a document that was closed; `path` as it has in its prompts."""

        def run(_: Event) -> None:
            self._contexts.forget(path)
            if self._loaded is not None:
                self._loaded.engine.forget(path)
            if not self._worker.has_waiting:  # of many that are closed together, the last one
                model.trim_heap()

        self._worker.submit(run)

    def close(self, timeout_s: float) -> bool:
        """Stops the device; False where it does not stop in time."""
        if self._unload_timer is not None:
            self._unload_timer.cancel()
        return self._worker.close(timeout_s)

    def _prompting(self, loaded: model.LoadedModel, settings: Settings) -> pipeline.Prompting:
        how = pipeline.prompting(loaded.plan, loaded.tokenizer, settings)
        return replace(how, prompt_tokens=min(how.prompt_tokens, self._most_tokens or how.prompt_tokens))

    def _make_do_with_less(self, how: pipeline.Prompting, settings: Settings, error: model.OutOfMemory) -> bool:
        """After the device was full, with one sequence alone: shorter prompts, then a smaller quantization. Whether
        there was anything left to give up."""
        assert self._loaded is not None
        if how.prompt_tokens >= 2 * _LEAST_PROMPT_TOKENS:
            self._most_tokens = how.prompt_tokens // 2
            instead = f"Prompts have at most {self._most_tokens} tokens until the settings change."
        elif quantization := self._loaded.plan.smaller_quantization:
            self._load(settings, quantization=quantization, draft_model=model.NO_DRAFTS)
            if self._loaded is None:
                return True  # that is told already
            instead = "The model now runs in four bits."
        else:
            return False
        self._report(Report(message=f"{error.problem} {instead} {error.remedy}", warning=True))
        return True

    def _unload_later(self, settings: Settings) -> None:
        """Gives the memory back after the minutes that the settings name, unless something is asked for until then."""
        if self._unload_timer is not None:
            self._unload_timer.cancel()
            self._unload_timer = None
        self._worker.cancel("rest")
        if settings.unload_minutes:
            rest = partial(self._worker.submit, self._rest, key="rest")
            self._unload_timer = Timer(60 * settings.unload_minutes, rest)
            self._unload_timer.daemon = True
            self._unload_timer.start()

    def _rest(self, _: Event) -> None:
        """The next `load` loads again."""
        self._unload()
        self._state, self._reason, self._loaded_with = "not loaded", "unloaded while nobody asked", None
        log.info("The model is unloaded until it is asked again.")

    def _load_next(self, settings: Settings) -> None:
        """Loads what was asked for last, unless it is there; or again with `settings`, where it was unloaded since.

        Jobs call it before they look for a model: the job that was to load may stand behind them in the queue.
        """
        if self._to_load:  # nobody else takes out of it
            settings, self._base, self._may_load = self._to_load.pop()
        elif self._state != "not loaded":
            return
        self._load(settings)

    def _load(self, settings: Settings, **less: Any) -> None:
        """Loads what the settings want, but for what `less` changes in it, or less where memory is short; jobs that
        wait find whatever came of it."""
        self._unload()
        self._most_tokens = None
        self._report(Report(message="choosing a model"))
        try:
            first = replace(wanted(settings), agreed=self._may_load(), **less)
            fitted = model.load_what_fits(
                first,
                base=self._base,
                threads=threads(settings),
                report=lambda step: self._report(Report(message=step)),
            )
            how = pipeline.prompting(fitted.loaded.plan, fitted.loaded.tokenizer, settings)
        except model.FolderNotAgreed as error:
            self._state, self._reason = "failed", str(error)
            self._report(Report(message="no model", done=True, refused=error))
        except Exception as error:
            if not isinstance(error, (model.ModelError, InputError)):
                log.exception("loading failed")
            self._state, self._reason = "failed", str(error)
            self._report(Report(message="no model", done=True, error=str(error)))
        else:
            for notice in notices(how.format, fitted.loaded.plan, settings):
                self._report(Report(message=notice, warning=True))
            self._take(fitted, first, settings)

    def _take(self, fitted: model.LoadResult, first: model.ModelRequest, settings: Settings) -> None:
        """Makes it the model in memory, and says once what it has less than `first` wanted."""
        self._loaded, summary = fitted.loaded, fitted.loaded.plan.summary
        instead = f"What runs instead: {summary}."
        if fitted.wanted.sequence_tokens < first.sequence_tokens:
            self._most_tokens = max(_LEAST_PROMPT_TOKENS, fitted.wanted.sequence_tokens - settings.max_new_tokens)
            instead += f" Prompts have at most {self._most_tokens} tokens."
        if fitted.problem:
            self._report(Report(message=f"{fitted.problem.problem} {instead}", warning=True))
        self._state, self._reason = "ready", summary
        self._report(Report(message=summary, done=True))

    def _unload(self) -> None:
        if self._loaded is not None:
            self._loaded = None
            model.release_memory()


def wanted(settings: Settings) -> model.ModelRequest:
    """What the settings ask of the planner."""
    return model.ModelRequest(
        model=settings.model,
        device=settings.device,
        dtype=settings.dtype,
        quantization=settings.quantization,
        sequence_tokens=settings.max_new_tokens
        + (pipeline.GPU_PROMPT_TOKENS if settings.context_tokens == "auto" else settings.context_tokens),
        trusted=settings.trust_remote_code,
        draft_model=settings.draft_model,
    )


def threads(settings: Settings) -> int:
    """How many compute on a CPU: never more than it runs at a time."""
    return model.compute_threads() if settings.threads == "auto" else min(settings.threads, model.most_threads())


def notices(format: fim.Format, plan: model.Plan, settings: Settings) -> Iterator[str]:
    """What the user should know once of a model that works, but not as they may expect."""
    if settings.threads != "auto" and settings.threads > threads(settings):
        yield f"threads = {settings.threads} is more than this machine runs at a time: {threads(settings)} are used."
    if not format.fills_in and settings.prompt_format == "auto":
        yield (
            f"{plan.source.name} completes left to right only, since it has no fill-in-the-middle: what stands behind "
            "the cursor is not seen. `seekline models list` shows which models fill in."
        )
