"""What the first completion in a document needs, done before it is asked for: the files around it listed, read and
parsed, and the prompt computed where it is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

from .complete import prepared_for
from .completion import Completion
from .in_flight import WARM_UP
from .snapshot import OpenSnapshot
from .turns import Turn

if TYPE_CHECKING:
    from ..session import Session


def warm_up(session: Session, uri: str) -> None:
    """Called where a document was opened, or has the user's eye again. The next request that needs the device, and the
    next document, stops it."""
    session.in_flight.stop_ahead()
    document = session.documents.get(uri)
    snapshot = None if document is None else session.snapshot(uri, document.rope.line_ends, 0)
    if snapshot is None:
        return
    latest = session.in_flight.latest_place((uri, "ghost text"), session.documents.rope(uri))
    snapshot = snapshot if latest is None else replace(snapshot, around=latest)

    async def warm(turn: Turn, _: Callable[[str], bool]) -> Completion | None:
        # Where the cursor was never seen, the prompt is hardly the one that will be asked for.
        await _warm(session, uri, snapshot, turn, computes=latest is not None)
        return None

    session.in_flight.start((uri, WARM_UP), snapshot.around, warm)


async def _warm(session: Session, uri: str, snapshot: OpenSnapshot, turn: Turn, *, computes: bool) -> None:
    snapshot = await session.when_settled(uri, snapshot)
    if session.asks_in(uri, snapshot.language) in ("never", "invoked"):
        return
    prepared = await prepared_for(session, turn, snapshot, explicit=False, aside=True)
    if computes and prepared is not None:
        cancel = Event()
        session.engine.warm(prepared.request, cancel)
        try:
            await turn.over()
        finally:
            cancel.set()
