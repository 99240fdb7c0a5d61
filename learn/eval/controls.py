"""Two completers whose figures are known before: one is always right, one never but by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

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
    """`oracle`: what was cut out. `shuffled`: something else, that was cut out at another place of the same kind;
    nothing where there is none."""
    answers = _others(places) if name == SHUFFLED else [place.answer for place in places]
    return Control(name, info, {_key(place): answer for place, answer in zip(places, answers, strict=True)})


def _others(places: Sequence[Place]) -> list[str]:
    others: list[str] = []
    for number, place in enumerate(places):
        behind = chain(places[number + 1 :], places[:number])
        unlike = (other.answer for other in behind if other.kind == place.kind and other.answer != place.answer)
        others.append(next(unlike, ""))
    return others


def _key(place: Place) -> Key:
    return place.path, place.line, place.column
