"""The models in the engine process: one for each that some editor wants, shared by all who want the same. Those that
differ in their adapters only have their weights in memory once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock, Timer
from time import monotonic, sleep

from ...catalogue.adapter import NO_ADAPTER
from ...errors import Cancelled, OutOfMemory, PathNotAgreed
from ...loading.fallback import LoadResult
from ...loading.hardware import Device, find_device
from ...loading.plan import USABLE_SHARE, Plan, make_plan
from ...loading.request import ModelRequest
from ..local import LocalEngine
from ..runner import ModelRunner
from ..wanted import LocalModel, Report
from .messages import ModelStatus

log = logging.getLogger(__name__)

_UNWANTED_S = 10.0
"""An editor that is started anew finds its model where it was."""
_UNLOADS_WITHIN_S = 10.0
_WAITS_S = 60.0
"""For memory that a busy model has: another editor is loading it, or in the middle of a completion."""
_LOOKS_EVERY_S = 0.05
_LOADS_WITHIN_S = 900.0
"""The largest model, from a slow disk."""

Tell = Callable[[Report], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolUser:
    """Who wants a model. `tell`: what tells them of loading. `wanted`: as they have said it."""

    tell: Tell
    wanted: LocalModel


@dataclass(slots=True, eq=False)
class PooledModel:
    """One model and who wants it. `used_s`: when it was last asked for, by `monotonic`. `planned_bytes`: what it was
    last going to take."""

    wanted: LocalModel
    engine: LocalEngine
    users: dict[object, PoolUser] = field(default_factory=dict)
    used_s: float = field(default_factory=monotonic)
    planned_bytes: int = 0

    @property
    def bytes(self) -> int:
        """What it may take, from when it begins to load."""
        plan = self.engine.plan
        if plan is not None:
            return plan.memory_bytes
        return self.planned_bytes if self.engine.status.state == "loading" else 0


class ModelPool:
    """Owns the engines. `memory_bytes`: how much all models may take together; None: what is free."""

    def __init__(self, memory_bytes: int | None) -> None:
        self._memory_bytes = memory_bytes
        self._lock = Lock()
        self._planning = Lock()  # two that load at the same time must not have the same memory
        self._models: list[PooledModel] = []

    def want(
        self, user: object, wanted: LocalModel, agreed: Collection[Path] | None, *, again: bool, tell: Tell
    ) -> PooledModel:
        """The model that `user` wants from now on, which starts to load where it is not there. `tell`: called from any
        thread; it must not wait. `agreed`, `again`: see `messages.Load`.

        Raises `PathNotAgreed` where it is there, and another editor's user agreed to it.
        """
        with self._lock:
            before = next((model for model in self._models if user in model.users), None)
            model = next((model for model in self._models if wanted.is_same_model(model.wanted)), None)
            if model is not None and agreed is not None and model.engine.plan is not None:
                _check_agreed(model.engine.plan, wanted, agreed)
            if model is None and before is not None and _others_follow(before, user, wanted):
                model = before  # what it has becomes the other one, its adapter alone if need be
            if model is None:
                model = self._new(wanted)
            if before is not None and before is not model:
                self._leave(user, before)
            is_same = wanted.is_same_model(model.wanted)
            is_new = user not in model.users
            model.users[user] = PoolUser(tell=tell, wanted=wanted)
            model.wanted = wanted
        # What has failed for others may work for this one, who may have agreed to more; at least it learns why not.
        if again or (is_new and is_same and model.engine.status.state == "failed"):
            model.engine.retry()
        model.engine.load(wanted, lambda: agreed)
        if is_same:
            _tell_of_ready(model, tell)
        return model

    def leave(self, user: object) -> None:
        """`user` wants nothing any more."""
        with self._lock:
            for model in self._models:
                self._leave(user, model)

    def status(self) -> tuple[ModelStatus, ...]:
        with self._lock:
            models = list(self._models)
        return tuple(
            ModelStatus(
                name=model.wanted.request.model,
                summary=model.engine.status.reason,
                state=model.engine.status.state,
                bytes=size,
                clients=len(model.users),
            )
            for model, size in zip(models, _sizes(models), strict=True)
        )

    @property
    def is_idle(self) -> bool:
        with self._lock:
            return all(model.engine.status.idle for model in self._models)

    def close(self, timeout_s: float) -> bool:
        deadline_s = monotonic() + timeout_s
        with self._lock:
            models, self._models = self._models, []
        stopped = [model.engine.close(max(0.0, deadline_s - monotonic())) for model in models]
        return all(stopped)

    def _new(self, wanted: LocalModel) -> PooledModel:
        users: dict[object, PoolUser] = {}

        def report(what: Report) -> None:
            for user in list(users.values()):
                user.tell(what)

        model: PooledModel

        def make_room(request: ModelRequest, base: Path) -> ModelRequest:
            return self._make_room(model, request, base)

        def borrow(wanted: LocalModel) -> LoadResult[ModelRunner] | None:
            return self._borrow(model, wanted)

        model = PooledModel(wanted=wanted, engine=LocalEngine(report, make_room, borrow), users=users)
        self._models.append(model)
        return model

    def _leave(self, user: object, model: PooledModel) -> None:
        """Under the lock."""
        if model.users.pop(user, None) is not None and not model.users:
            timer = Timer(_UNWANTED_S, partial(self._close_unwanted, model))
            timer.daemon = True
            timer.start()

    def _close_unwanted(self, model: PooledModel) -> None:
        with self._lock:
            if model.users or model not in self._models:
                return
            self._models.remove(model)
        log.info("nobody wants %s any more", model.wanted.request.model)
        model.engine.close(_UNLOADS_WITHIN_S)

    def _make_room(self, model: PooledModel, request: ModelRequest, base: Path) -> ModelRequest:
        """Has others unloaded, the least recently used first, until `request` can be planned; and what is left of the
        memory that all may take. On the thread of `model`; what else is wrong with the request is found out later."""
        deadline_s = monotonic() + _WAITS_S
        with self._planning:
            while True:
                within = replace(request, memory_bytes=self._left_bytes(model))
                try:
                    model.planned_bytes = make_plan(within, base=base).memory_bytes
                except OutOfMemory:
                    if monotonic() < deadline_s and self._unload_beside(model):
                        continue
                except Exception as error:  # noqa: BLE001 - the loader finds and tells it
                    log.debug("it cannot be planned: %s", error)
                return within

    def _borrow(self, model: PooledModel, wanted: LocalModel) -> LoadResult[ModelRunner] | None:
        """What is wanted, over the weights of another model, which may be just loading them. On the thread of `model`.
        An older one never waits for a newer one."""
        base = wanted.without_adapter()
        with self._lock:
            alike = [one for one in self._models if base.is_same_model(one.wanted.without_adapter())]
        for is_older, other in _in_turn(alike, model):
            if is_older and other.engine.plan is None and other.engine.status.state == "loading":
                with suppress(Exception):  # which is told to those who want that one
                    other.engine.info().result(_LOADS_WITHIN_S)
            plan = other.engine.plan
            if plan is None or plan.engine != "seekline":
                continue
            lent = other.engine.lend(wanted, kv_limit_bytes=self._free_bytes(model, plan.device))
            if lent is not None:
                return lent
        return None

    def _free_bytes(self, model: PooledModel, device: Device) -> int:
        free = int(find_device(device.name).free_bytes * USABLE_SHARE)
        left = self._left_bytes(model)
        return free if left is None else min(free, left)

    def _left_bytes(self, model: PooledModel) -> int | None:
        if self._memory_bytes is None:
            return None
        with self._lock:
            others = [other for other in self._models if other is not model]
        return max(0, self._memory_bytes - sum(_sizes(others)))

    def _unload_beside(self, model: PooledModel) -> bool:
        """Unloads the other one that was used least recently, which its next request loads again, or waits a little
        where all are busy; False where there is none."""
        with self._lock:
            others = [one for one in self._models if one is not model and one.bytes]
        idle = [one for one in others if one.engine.status.idle]
        if not idle:
            sleep(_LOOKS_EVERY_S)
            return bool(others)
        oldest = min(idle, key=lambda one: one.used_s)
        log.info("%s is unloaded for another model", oldest.wanted.request.model)
        with suppress(TimeoutError, Cancelled):
            oldest.engine.unload().result(_UNLOADS_WITHIN_S)
        return True


def _sizes(models: Iterable[PooledModel]) -> list[int]:
    """What each may take. Weights that several have count for the first of them, and for the others their KV caches."""
    sizes: list[int] = []
    counted: set[object] = set()
    for model in models:
        plan, weights = model.engine.plan, model.engine.weights
        sizes.append(plan.kv_limit_bytes if plan is not None and weights in counted else model.bytes)
        counted.add(weights)
    return sizes


def _in_turn(models: Sequence[PooledModel], model: PooledModel) -> Iterator[tuple[bool, PooledModel]]:
    """All but `model`, and whether they are older."""
    is_older = True
    for other in models:
        if other is model:
            is_older = False
        else:
            yield is_older, other


def _others_follow(model: PooledModel, user: object, wanted: LocalModel) -> bool:
    """Whether all others who want it will want the same as `user` does now: there are none, or it is theirs, too, from
    which something was learned or forgotten, as they see when they next ask."""
    others = [other.wanted for key, other in model.users.items() if key is not user]
    return all(wanted.is_same_but_for_learned(other) for other in others)


def _check_agreed(plan: Plan, wanted: LocalModel, agreed: Collection[Path]) -> None:
    """Raises `PathNotAgreed` as planning does, for a model that is planned already."""
    sources = [plan.source] if plan.draft is None else [plan.source, plan.draft.source]
    for source in sources:
        if source.is_path and source.path not in agreed:
            raise PathNotAgreed(source.path)
    is_named = wanted.request.adapter != NO_ADAPTER
    if plan.adapter is not None and is_named and plan.adapter.path not in agreed:
        raise PathNotAgreed(plan.adapter.path, "an adapter")


def _tell_of_ready(model: PooledModel, tell: Tell) -> None:
    """Who wants what is there already learns what was told when it was loaded."""
    if model.engine.status.state != "ready":
        return
    info = model.engine.info()
    if info.done() and info.exception() is None:
        tell(Report(message=info.result().summary, done=True, info=info.result()))
