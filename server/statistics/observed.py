"""A completion, with what it took and what becomes of it in the statistics."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ... import model
from ..completion.complete import complete
from ..completion.completion import Completion
from ..completion.snapshot import OpenSnapshot
from .candidate import candidate_of
from .rows import Answer, Path, RequestRow

if TYPE_CHECKING:
    from ..session import Kind, Session

log = logging.getLogger(__name__)

_OTHER = "other"  # an editor may call a language that is not known here anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """`text`: what is shown of a completion. `id`: by which the editor says what becomes of it."""

    completion: Completion
    text: str
    id: str


async def complete_observed(
    session: Session, uri: str, snapshot: OpenSnapshot, *, explicit: bool, kind: Kind = "ghost text"
) -> Observed | None:
    """`complete`, with the request and what is shown noted; None where nothing is. Raises what `complete` raises."""
    language = _OTHER if snapshot.language is None else snapshot.language.name
    started = time.perf_counter()

    def note(answer: Answer, completion: Completion | None) -> None:
        session.statistics.observer.put(
            RequestRow(
                at=int(time.time()),
                language=language,
                kind=kind,
                answer=answer,
                path=None if completion is None else _path(completion),
                latency_ms=1000 * (time.perf_counter() - started),
                tokens_per_s=None if completion is None else _tokens_per_s(completion),
            )
        )

    try:
        completion = await complete(session, uri, snapshot, explicit=explicit, kind=kind)
    except (model.Cancelled, asyncio.CancelledError):
        note("cancelled", None)
        raise
    if completion is not None:
        where = f"{snapshot.around.line}:{len(snapshot.around.before)}"
        reused = f"{completion.reused_tokens} of {completion.prompt_tokens} prompt tokens reused"
        log.debug("completion at %s: %s; %s", where, completion.source, reused)
    candidate = None if completion is None else candidate_of(completion, snapshot.around)
    if completion is None or completion.text is None or candidate is None:
        note("nothing", completion)
        return None
    if session.documents.get(uri) is not None:  # a menu's request outlives changes
        candidate.catch_up(snapshot.around.rope, session.documents.rope(uri))
    note("shown", completion)
    id = session.statistics.observer.offer([candidate], uri=uri, language=language, kind=kind)
    return Observed(completion=completion, text=completion.text, id=id)


def _path(completion: Completion) -> Path:
    if completion.source in ("cache", "typed through"):
        return "instant"
    return "prefix hit" if 2 * completion.reused_tokens > completion.prompt_tokens else "cold"


def _tokens_per_s(completion: Completion) -> float | None:
    """How fast tokens came after the first; None where none did, or nothing was generated."""
    decoding_ms = completion.total_ms - completion.first_token_ms
    if _path(completion) == "instant" or completion.new_tokens < 2 or decoding_ms <= 0:
        return None
    return 1000 * (completion.new_tokens - 1) / decoding_ms
