"""Two completers whose figures are known before: one is always right, one never but by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ... import fim, model
from ..repository import Completed, Repository
from .places import Place

ORACLE = "oracle"
SHUFFLED = "shuffled"
CONTROLS = (ORACLE, SHUFFLED)

Key = tuple[str, int, int]


class Control:
    """Says what was given it for each place, and all of it is shown; see `repository.Completer`."""

    def __init__(self, name: str, info: model.EngineInfo, texts: Mapping[Key, str]) -> None:
        self.name = name
        self.info = info
        self._texts = texts

    def complete(self, repository: Repository, document: fim.Document, cursor: fim.Cursor) -> Completed:
        return Completed(text=self._texts[document.path, cursor.line, cursor.column], is_shown=True)


def control(name: str, places: Sequence[Place], info: model.EngineInfo) -> Control:
    """`oracle`: what was cut out. `shuffled`: what was cut out at the next place of the same kind."""
    texts = {_key(place): place.answer for place in places}
    if name == SHUFFLED:
        for kind in {place.kind for place in places}:
            own = [place for place in places if place.kind == kind]
            for place, other in zip(own, [*own[1:], *own[:1]], strict=True):
                texts[_key(place)] = other.answer
    return Control(name, info, texts)


def _key(place: Place) -> Key:
    return place.path, place.line, place.column
