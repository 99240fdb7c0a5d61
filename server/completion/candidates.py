"""Several completions of one place, for a user who asks for them: others that begin otherwise than the best one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ... import model
from .complete import prepared_for
from .completion import Completion
from .snapshot import OpenSnapshot
from .turns import Turn
from .writing import Prepared, write

if TYPE_CHECKING:
    from ..session import Session

log = logging.getLogger(__name__)

_OTHERS = 2
_TIME_LIMIT_S = 2.0
"""For each of the others: the user waits for all together."""
_TEMPERATURE = 0.8
"""For engines that cannot be told which tokens to begin with."""


async def others(session: Session, uri: str, snapshot: OpenSnapshot, best: Completion) -> list[Completion]:
    """Completions beside the best one, all distinct, by their log-probability; on the same KV cache.

    A failure means fewer, and never that the best one is lost. Raises `Cancelled` as `complete` does.
    """
    if best.replaced[0]:  # others would have to begin with what is replaced before the cursor
        return []
    turn = session.turns.take((uri, "ghost text"))
    session.in_flight.stop_ahead()
    found: list[Completion] = []
    try:
        prepared = await prepared_for(session, turn, session.placed(uri, snapshot), explicit=True)
        if prepared is None:
            return []
        for number in range(_OTHERS):
            texts = [completion.text or "" for completion in (best, *found)]
            another = replace(prepared, request=_unlike(prepared, texts, seed=number))
            completion = await _written(session, turn, another)
            if completion.text is not None and completion.text not in texts and completion.finish != "time":
                found.append(completion)
    except (model.ModelError, model.InfoChanged, ValueError) as error:  # the last: no token begins another text
        log.info("fewer than %d completions: %r", 1 + _OTHERS, error)
    return sorted(found, key=lambda completion: -(completion.log_probability or 0.0))


async def _written(session: Session, turn: Turn, prepared: Prepared) -> Completion:
    return await turn.result(session.writing.submit(lambda cancel: write(prepared, session.engine, cancel)))


def _unlike(prepared: Prepared, texts: Sequence[str], seed: int) -> model.CompletionRequest:
    """The request for another text, which differs from `texts` from its first word on."""
    request = prepared.request
    if not prepared.takes_guides:
        sampling = model.Sampling(temperature=_TEMPERATURE, seed=seed)
        return replace(request, sampling=sampling, time_limit_s=_TIME_LIMIT_S)
    encoded = tuple(text.encode("utf-8", "replace") for text in texts)
    return replace(request, guide=replace(request.guide or model.Guide(), unlike=encoded), time_limit_s=_TIME_LIMIT_S)
