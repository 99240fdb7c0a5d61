"""The owner of the model in memory: what is wanted, what is there, and what is given up where memory is short.

It is told what is wanted from any thread; it loads and unloads on the device's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import Any

from ..catalogue.adapter import NO_ADAPTER
from ..catalogue.sources import check_agreed
from ..errors import EngineDied, ModelError, OutOfMemory, PathNotAgreed
from ..loading.adapter_choice import doubt_about, without_learned
from ..loading.fallback import LoadResult, load_what_fits
from ..loading.memory import release_memory
from ..loading.plan import Plan, with_adapter
from ..loading.request import NO_DRAFTS, ModelRequest
from .engine import EngineInfo, Limits, State, new_version
from .in_memory import Borrow, InMemory, nobody_lends
from .local_info import info_of, with_shorter_prompts
from .runner import ModelRunner, load_runner
from .wanted import LocalModel, MakeRoom, MayLoad, Report, as_it_is, every_folder

log = logging.getLogger(__name__)

LEAST_PROMPT_TOKENS = 256
_MOST_DEATHS = 3


class Loader:
    """Loads one model at a time. `report` is called from the device's thread."""

    def __init__(
        self, report: Callable[[Report], None], make_room: MakeRoom = as_it_is, borrow: Borrow = nobody_lends
    ) -> None:
        self._report = report
        self._make_room = make_room
        self._borrow = borrow
        self._lock = Lock()
        self._wanted: LocalModel | None = None
        self._may_load: MayLoad = every_folder
        self._is_due = False  # what is wanted is not loaded yet
        self.loaded: InMemory | None = None
        self._limits: Limits | None = None  # of what is loaded, which may be less than it has
        self._info: EngineInfo | None = None
        self._error: Exception | None = None
        self._deaths = 0  # of processes that computed, without a completion in between
        self.state: State = "not loaded"
        self.reason = ""

    @property
    def unload_minutes(self) -> float:
        return self._wanted.unload_minutes if self._wanted else 0

    @property
    def ready_info(self) -> EngineInfo | None:
        """What is loaded; None where something is to be loaded first. From any thread."""
        with self._lock:
            return None if self._is_due else self._info

    @property
    def must_load(self) -> bool:
        """Whether `current` would load something, or give up what is there. On the device's thread."""
        return self.ready_info is None or (self.runner is not None and self.runner.has_ended)

    def want(self, wanted: LocalModel, may_load: MayLoad = every_folder) -> bool:
        """Notes what to load; whether that is anything new. `may_load`: asked before a folder is opened. From any
        thread."""
        with self._lock:
            before = self._wanted
            is_same = wanted.is_same_model(before) and wanted.has_learned_as_much_as(before)
            self._wanted, self._may_load = wanted, may_load
            if not is_same:
                self._is_due = True
                self._deaths = 0
                self.state = "loading"
            return not is_same

    def retry(self) -> None:
        """Lets what failed be wanted again, or an adapter that was written to since."""
        adapter = self.runner.plan.adapter if self.runner is not None else None
        is_outdated = adapter is not None and not adapter.is_current
        with self._lock:
            if self.state == "failed" or is_outdated:
                self._wanted = None

    def current(self) -> tuple[ModelRunner, EngineInfo]:
        """What is wanted by now, loaded first where it is not there, or not any more. Raises why there is none."""
        self.look_for_death()
        self._load_if_due()
        if self.runner is not None and self._info is not None:
            return self.runner, self._info
        if self._error is None:
            raise RuntimeError("nothing was asked to be loaded")
        raise self._error.with_traceback(None)  # the frames of an earlier raise are nobody's

    @property
    def runner(self) -> ModelRunner | None:
        """What is in memory, be it what is wanted or not."""
        loaded = self.loaded
        return None if loaded is None else loaded.runner

    def look_for_death(self) -> None:
        """Where the process is gone that computed, has the model loaded again when it is asked for, unless that never
        lasts."""
        if self.runner is None or not self.runner.has_ended:
            return
        name = self.runner.plan.source.name
        self._drop()
        self._deaths += 1
        with self._lock:
            self._is_due, self._info = self._deaths < _MOST_DEATHS, None
        self.state, self.reason = "not loaded", "what computed it has ended"
        if self._deaths >= _MOST_DEATHS:
            error = EngineDied(
                f"{name} ended what runs it {_MOST_DEATHS} times in a row, so it is not started again.",
                "Choose another model or engine, or a smaller context_tokens.",
            )
            self._fail(error, Report(message="no model", done=True, error=str(error)))

    def completed(self) -> None:
        """Notes that what is loaded has written a whole completion."""
        self._deaths = 0

    def close(self) -> None:
        """Ends what is loaded."""
        self._drop()

    def unload(self) -> None:
        """Gives the memory back until something is asked for again."""
        self._drop()
        with self._lock:
            self._is_due, self._info = True, None
        self.state, self.reason = "not loaded", "unloaded while nobody asked"
        log.info("The model is unloaded until it is asked again.")

    def _load_if_due(self) -> None:
        with self._lock:
            wanted, may_load, is_due = self._wanted, self._may_load, self._is_due
            self._is_due = False
            if is_due:
                self._info = None
        if not is_due or wanted is None:
            return
        if self.loaded is not None and self.loaded.is_base_of(wanted):
            self._exchange_adapter(self.loaded.runner, wanted, may_load)
        else:
            self._load(wanted, may_load)

    def _exchange_adapter(self, runner: ModelRunner, wanted: LocalModel, may_load: MayLoad) -> None:
        """Has the model in memory run with the adapter that is wanted by now, or with none.

        Where that fails, nothing is completed: without the adapter it would write what nobody chose. The model stays in
        memory for the next try.
        """
        self._error = self._info = None
        self.state = "loading"
        self._report(Report(message="exchanging the adapter"))
        with self._telling_of_errors():
            plan = with_adapter(runner.plan, replace(wanted.request, agreed=may_load()), base=wanted.base)
            if plan.adapter != runner.plan.adapter:
                plan = _adapted(runner, plan, wanted.request)
            info = info_of(plan, runner.tokenizer)
            self._know(replace(info, limits=self._limits or info.limits))
            self._tell_ready(plan)

    def _load(self, wanted: LocalModel, may_load: MayLoad, **less: Any) -> None:
        """Loads `wanted`, but for what `less` changes in it, or less where memory is short. What comes of it is told,
        and raised to whoever asks."""
        self._drop()
        self.state = "loading"
        self._report(Report(message="choosing a model"))
        lacks_adapter = wanted.request.learned is not None
        with self._telling_of_errors():
            first = replace(wanted.request, agreed=may_load(), learned=None, **less)
            result = None if less else self._borrow(wanted)
            if result is not None:
                check_agreed(result.plan.source, first.agreed)
                lacks_adapter = lacks_adapter or wanted.request.adapter != NO_ADAPTER
            else:
                first = self._make_room(first, wanted.base)
                result = load_what_fits(first, base=wanted.base, load=partial(self._load_runner, wanted.threads))
            self._take(result, first, wanted)
            if not lacks_adapter:
                self._tell_ready(result.plan)
        if self.runner is not None and lacks_adapter:
            self._exchange_adapter(self.runner, wanted, may_load)

    @contextmanager
    def _telling_of_errors(self) -> Iterator[None]:
        """Notes what went wrong, for whoever asks for the model."""
        try:
            yield
        except PathNotAgreed as error:
            self._fail(error, Report(message="no model", done=True, refused=error))
        except Exception as error:
            if not isinstance(error, ModelError):
                log.exception("loading failed")
            self._fail(error, Report(message="no model", done=True, error=str(error)))

    def _fail(self, error: Exception, report: Report) -> None:
        self.state, self.reason, self._error = "failed", str(error), error
        self._report(report)

    def _take(self, result: LoadResult[ModelRunner], first: ModelRequest, wanted: LocalModel) -> None:
        """Makes it the model in memory, and says once what it has less than `first` wanted."""
        plan = result.plan
        info = info_of(plan, result.loaded.tokenizer)
        instead = f"What runs instead: {plan.summary}."
        if result.request.sequence_tokens < first.sequence_tokens:
            longest = max(LEAST_PROMPT_TOKENS, result.request.sequence_tokens - wanted.max_new_tokens)
            info = with_shorter_prompts(info, longest)
            instead += f" Prompts have at most {longest} tokens."
        self.loaded = InMemory(runner=result.loaded, wanted=wanted, request=result.request)
        self._know(info)
        if result.problem:
            self._report(Report(message=f"{result.problem.problem} {instead}", warning=True))

    def _tell_ready(self, plan: Plan) -> None:
        doubt = doubt_about(plan.adapter, plan.source) if plan.adapter else None
        if doubt is not None:
            self._report(Report(message=doubt, warning=True))
        if plan.notice is not None:
            self._report(Report(message=plan.notice, warning=True))
        self.state, self.reason = "ready", plan.summary
        self._report(Report(message=plan.summary, done=True, info=self._info))

    def _know(self, info: EngineInfo) -> None:
        self._info, self._limits = replace(info, version=new_version()), info.limits

    def make_do_with_less(self, prompt_tokens: int, error: OutOfMemory) -> bool:
        """After the device was full, with one prompt of so many tokens alone: shorter prompts, then a smaller
        quantization. Whether there was anything left to give up."""
        assert self.runner is not None
        assert self._info is not None
        assert self._wanted is not None
        if prompt_tokens >= 2 * LEAST_PROMPT_TOKENS:
            longest = prompt_tokens // 2
            self._know(with_shorter_prompts(self._info, longest))
            instead = f"Prompts have at most {longest} tokens until the settings change."
        elif self.runner.plan.smaller_quantization is not None:
            self._info = None
            smaller = self.runner.plan.smaller_quantization
            self._load(self._wanted, self._may_load, quantization=smaller, draft_model=NO_DRAFTS)
            if self.runner is None:
                return True  # that is told already
            instead = "The model now runs in four bits."
        else:
            return False
        self._report(Report(message=f"{error.problem} {instead} {error.remedy}", warning=True))
        return True

    def _drop(self) -> None:
        self._error = None
        if self.loaded is not None:
            self.loaded.runner.close()
            self.loaded = None
            release_memory()

    def _load_runner(self, threads: int, plan: Plan) -> ModelRunner:
        return load_runner(plan, threads=threads, report=self._report_step)

    def _report_step(self, step: str) -> None:
        self._report(Report(message=step))


def _adapted(runner: ModelRunner, plan: Plan, wanted: ModelRequest) -> Plan:
    """Has the adapter of `plan` run; a learned one that cannot leaves the model without."""
    try:
        runner.adapt(plan)
    except ModelError as error:
        if wanted.learned is None:
            raise
        plan = replace(plan, adapter=None, notice=without_learned(error))
        runner.adapt(plan)  # the one before may run still
    return plan
