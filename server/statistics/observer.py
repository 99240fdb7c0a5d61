"""What becomes of each completion: shown, accepted, typed along, rejected, and how much of it is kept.

An acceptance is told by the editor (the command `seekline.accepted`, or Copilot's notifications), or, by an editor that
tells of none, seen in the change of the document that it makes.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from ..documents.edits import Edit
from .candidate import Candidate
from .offer import Offer
from .rows import Row

KEPT_AFTER_S = (30.0, 300.0)
_MOST_REMEMBERED = 64

Later = Callable[[float, Callable[[], None]], asyncio.TimerHandle]
"""Calls something after so many seconds, unless it is cancelled before."""


def _later(seconds: float, action: Callable[[], None]) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(seconds, action)


class Observer:
    """Follows the completions of all open documents. `put` takes each row, again where it changes; `later` is for
    looking at what is kept. Used on the event loop alone."""

    def __init__(self, put: Callable[[Row], None], later: Later = _later) -> None:
        self.put = put
        self._later = later
        self._open: dict[tuple[str, str], Offer] = {}
        self._over: OrderedDict[str, Offer] = OrderedDict()
        self._followed: dict[str, list[Offer]] = {}
        self._timers: dict[str, list[asyncio.TimerHandle]] = {}
        self._tells_whole = self._tells_parts = self._tells_shown = False

    def offer(self, candidates: Sequence[Candidate], *, uri: str, language: str, kind: str) -> str:
        """An editor is given something to show; the id of the completion, which is the same while it is typed along."""
        known = self._open.get((uri, kind))
        if known is not None:
            if known.goes_on_as(candidates):
                return known.id
            self._end(known)
        # An editor that has accepted something says so before it asks again.
        self._followed[uri] = [one for one in self._followed.get(uri, []) if one.has_accepted]
        offer = Offer(candidates, uri=uri, language=language, kind=kind, at=int(time.time()))
        self._open[uri, kind] = offer
        return offer.id

    def changed(self, uri: str, edits: Iterable[Edit]) -> None:
        """A document was changed."""
        for edit in edits:
            offers = [offer for (of, _), offer in self._open.items() if of == uri]
            followed = self._followed.get(uri, [])
            if not offers and not followed:
                return
            trimmed = edit.trimmed()
            for offer in {id(offer): offer for offer in (*offers, *followed)}.values():
                offer.follow_accepted(trimmed)
            for offer in offers:
                accepted = offer.follow(trimmed, infers_whole=not self._tells_whole, infers_parts=not self._tells_parts)
                if accepted:
                    self._has_accepted(offer)
                if offer.is_over:
                    self._end(offer)

    def focused(self, uri: str) -> None:
        """The user looks at a document: what is shown in others is not seen any more."""
        for offer in [offer for (of, _), offer in self._open.items() if of != uri]:
            self._end(offer)

    def closed(self, uri: str) -> None:
        """A document was closed: nobody can see any more what is kept in it."""
        for offer in [offer for (of, _), offer in self._open.items() if of == uri]:
            self._end(offer)
        for offer in self._followed.pop(uri, []):
            self._stop_timers(offer)
        self._over = OrderedDict((id, offer) for id, offer in self._over.items() if offer.uri != uri)

    def close(self) -> None:
        """The session ends."""
        for offer in list(self._open.values()):
            self._end(offer)
        for uri in list(self._followed):
            self.closed(uri)

    def shown(self, id: str) -> None:
        """The editor says that it shows a completion: from here on one counts only where it does."""
        self._tells_shown = True
        offer = self._find(id)
        if offer is not None:
            offer.is_told_as_shown = True

    def accepted(self, id: str, shown_units: int | None = None) -> None:
        """The editor says that a completion is accepted: whole, or so many UTF-16 units of it."""
        if shown_units is None:
            self._tells_whole = True
        else:
            self._tells_parts = True
        offer = self._find(id)
        if offer is None:
            return
        if offer.claim(shown_units):
            self._has_accepted(offer)
        if offer.id in self._over:
            self.put(offer.row)

    def _find(self, id: str) -> Offer | None:
        is_open = (offer for offer in self._open.values() if offer.id == id)
        return next(is_open, self._over.get(id))

    def _end(self, offer: Offer) -> None:
        """What becomes of it is known, unless the editor says otherwise soon."""
        self._open = {key: one for key, one in self._open.items() if one is not offer}
        if self._tells_shown and not offer.is_told_as_shown and not offer.accepted_characters:
            return
        self._over[offer.id] = offer
        while len(self._over) > _MOST_REMEMBERED:
            self._over.popitem(last=False)
        self._follow(offer)
        self.put(offer.row)

    def _has_accepted(self, offer: Offer) -> None:
        """Looks again later, what is left of it: the time counts from the last characters that came."""
        self._stop_timers(offer)
        self._follow(offer)
        first, second = KEPT_AFTER_S
        self._timers[offer.id] = [
            self._later(first, lambda: self._look(offer, is_last=False)),
            self._later(second, lambda: self._look(offer, is_last=True)),
        ]

    def _follow(self, offer: Offer) -> None:
        followed = self._followed.setdefault(offer.uri, [])
        if offer not in followed:
            followed.append(offer)

    def _look(self, offer: Offer, *, is_last: bool) -> None:
        if is_last:
            offer.kept_5_min = offer.accepted.characters
            self._followed.get(offer.uri, []).remove(offer)
            self._stop_timers(offer)
        else:
            offer.kept_30_s = offer.accepted.characters
        self.put(offer.row)

    def _stop_timers(self, offer: Offer) -> None:
        for timer in self._timers.pop(offer.id, []):
            timer.cancel()
