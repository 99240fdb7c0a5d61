"""One completion, on one screen.

    complete (event loop)   known already? → worth asking? → under way? → pause in typing → prompt → text → remembered
    prepare (gathering)     snapshot → context of other files → prompt → request
    write (writing)         request → engine, until the stop rule → filters → completion

Prompts are made on a thread of their own, one after the other; so the next one is ready when the engine is. The command
line and the benchmarks call `generate`, which does the same in the caller's thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ... import fim, model
from ..parsing import leaving_when
from .ahead import next_place
from .completion import Completion
from .contexts import Contexts
from .in_flight import AHEAD, Generation, Write
from .prompt_config import PromptConfig
from .prompts import build_prompt, copies_for, members_for, request_for
from .snapshot import OpenSnapshot, Snapshot
from .turns import Turn
from .views import prompt_as_json
from .writing import Prepared, write

if TYPE_CHECKING:
    from ..documents.documents import Surroundings
    from ..session import Key, Kind, Session


async def complete(
    session: Session, uri: str, snapshot: OpenSnapshot, *, explicit: bool, kind: Kind = "ghost text"
) -> Completion | None:
    """The completion to show, or None where there is nothing worth asking for, or it is switched off.

    Raises `Cancelled` where the request is out of date: by a newer one of its kind, or by what `Session.abandon` says.
    """
    turn = session.turns.take((uri, kind))
    snapshot = await session.when_settled(uri, snapshot)
    turn.check()
    around = snapshot.around
    session.look_for_learned()
    asks = session.asks_in(uri, snapshot.language)
    if asks == "never" or (asks == "invoked" and not explicit):
        return None
    found = session.cache.get(uri, around, explicit=explicit)
    if found is None and not explicit:
        if not _is_worth_asking(around):  # what is typed along goes on there
            return None
        found = await _taken_over(session, (uri, kind), around, turn)
    if found is None:
        if not explicit:
            await turn.pause(session.pause_s(asks))
        session.in_flight.stop_ahead()
        writing = session.in_flight.start((uri, kind), around, _writes(session, uri, snapshot, explicit=explicit))
        found = await _awaited(writing, turn)
    if found is not None and kind == "ghost text":
        _look_ahead(session, uri, snapshot, found)
    return found


def _is_worth_asking(around: Surroundings) -> bool:
    return fim.worth_asking(around.before, around.after, is_first_text=around.is_first_text)


async def _taken_over(session: Session, key: Key, around: Surroundings, turn: Turn) -> Completion | None:
    """What an older request, or a look ahead, is having written, where that agrees with what was typed since."""
    uri, _ = key
    for other in (key, (uri, AHEAD)):
        writing = session.in_flight.serving(other, around)
        if writing is None:
            continue
        with suppress(model.Cancelled, model.ModelError):  # it was stopped, or failed: who asks now tries again
            await _awaited(writing, turn)
        turn.check()
        found = session.cache.get(uri, around, explicit=False)
        if found is not None:
            return replace(found, source="taken over")
    return None


async def _awaited(writing: Generation, turn: Turn) -> Completion | None:
    """Stops the device where the editor cancels the request; a newer request, or a change, decides for itself."""
    try:
        return await turn.outcome(writing.task)
    except asyncio.CancelledError:
        writing.stop()
        raise


def _look_ahead(session: Session, uri: str, snapshot: OpenSnapshot, shown: Completion) -> None:
    """Has the completion written that is asked for once `shown` is accepted; the next real request stops that."""
    if not session.settings.look_ahead:
        return
    around = next_place(snapshot.around, snapshot.language, shown)
    if around is None or session.cache.get(uri, around, explicit=False) is not None:
        return
    ahead = replace(snapshot, around=around)
    session.in_flight.start((uri, AHEAD), around, _writes(session, uri, ahead, explicit=False, aside=True))


def _writes(session: Session, uri: str, snapshot: OpenSnapshot, *, explicit: bool, aside: bool = False) -> Write:
    async def write_and_keep(turn: Turn, agrees: Callable[[str], bool]) -> Completion | None:
        version = session.cache.version(uri)
        completion = await _generated(session, turn, snapshot, explicit=explicit, aside=aside, agrees=agrees)
        if session.asks_in(uri, snapshot.language) == "never":  # by settings that came meanwhile
            return None
        if completion is not None and version == session.cache.version(uri):
            session.cache.put(uri, snapshot.around, completion, explicit=explicit)
        return completion

    return write_and_keep


async def _generated(
    session: Session,
    turn: Turn,
    snapshot: OpenSnapshot,
    *,
    explicit: bool,
    aside: bool,
    agrees: Callable[[str], bool],
) -> Completion | None:
    """None where there is no model, which the user was told."""
    prepared = await prepared_for(session, turn, snapshot, explicit=explicit, aside=aside)
    if prepared is None:
        return None
    try:
        writing = session.writing.submit(lambda cancel: write(prepared, session.engine, cancel, agrees))
        completion = await turn.result(writing)
    except model.InfoChanged:  # it was made for another model, or prompts must be shorter by now
        return await _generated(session, turn, snapshot, explicit=explicit, aside=aside, agrees=agrees)
    session.rhythm.took(completion.total_ms / 1000)
    return completion


async def prepared_for(
    session: Session, turn: Turn, snapshot: OpenSnapshot, *, explicit: bool, aside: bool = False
) -> Prepared | None:
    """`prepare` on the gathering thread, for the model of the session; None where there is none, which the user was
    told. `aside`: nobody has asked for it yet, and the next prompt is to be as without this one."""
    session.load()
    config = await session.prompt_config(turn)
    if config is None:
        return None
    if aside and not config.info.limits.is_local:
        return None  # code leaves the machine for what somebody asks for, and for nothing else
    asked = config.longer() if explicit else config

    def run(cancel: Event) -> Prepared:
        contexts = session.contexts.aside() if aside else session.contexts
        prepared = prepare(snapshot.whole(), asked, contexts, explicit=explicit, cancel=cancel)
        return replace(prepared, request=replace(prepared.request, is_ahead=aside))

    return await turn.result(session.gathering.submit(run))


async def shown_prompt(session: Session, snapshot: OpenSnapshot) -> dict[str, Any] | None:
    """The prompt for a snapshot as JSON; None where there is no model."""
    session.load()
    turn = Turn()
    config = await session.prompt_config(turn)
    if config is None:
        return None
    making = session.gathering.submit(lambda _: build_prompt(snapshot.whole(), config, session.contexts))
    return prompt_as_json(await turn.result(making))


def prepare(snapshot: Snapshot, config: PromptConfig, contexts: Contexts, *, explicit: bool, cancel: Event) -> Prepared:
    """Makes the request. Raises `Cancelled` soon after `cancel` is set."""

    def stop() -> None:
        if cancel.is_set():
            raise model.Cancelled

    started = perf_counter()
    rule = fim.stop_rule(snapshot.document, snapshot.cursor, config.format.extent, explicit=explicit)
    with leaving_when(stop):
        built = build_prompt(snapshot, config, contexts, stop)
        copies = copies_for(snapshot, config, stop)
        members = members_for(snapshot, config, stop) if rule.balance.is_code else None
    least = 0.0 if explicit else config.least_probability_at(snapshot.document.before(snapshot.cursor))
    return Prepared(
        request=request_for(
            built, config, snapshot.document.path, copies=copies, members=members, least_probability=least
        ),
        must_start=built.prompt.must_start,
        takes_guides=config.guided,
        snapshot=snapshot,
        rule=rule,
        is_asked=explicit,
        least_probability=least,
        least_token_probability=0.0 if explicit else config.least_token_probability,
        started=started,
    )


def generate(
    snapshot: Snapshot,
    engine: model.Engine,
    config: PromptConfig,
    contexts: Contexts,
    *,
    explicit: bool,
    cancel: Event | None = None,
) -> Completion:
    """One completion in the caller's thread. Raises what `Engine.stream` raises."""
    cancel = cancel or Event()
    return write(prepare(snapshot, config, contexts, explicit=explicit, cancel=cancel), engine, cancel)
