"""How well an engine completes the rest of a line: asked as the product asks it, scored against what the file has."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from places import Place
from seekline import fim, model
from seekline.learn.eval.metrics import first_token
from seekline.learn.similarity import edit_similarity
from seekline.server.cli.asking import EngineCompleter, FolderRepository, snapshot_in
from seekline.server.completion.prompt_config import PromptConfig, prompt_config
from seekline.server.completion.snapshot import Snapshot
from seekline.server.settings.settings import Settings

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def _unchanged(config: PromptConfig) -> PromptConfig:
    return config


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A way to complete: settings that differ from the defaults, and what else changes of what they make. `engine`: one
    that takes the place of the measured one."""

    name: str
    engine: Callable[[], model.Engine] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    change: Callable[[PromptConfig], PromptConfig] = _unchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was completed at a place: the first line of it, whether it would be shown while the user just types, how
    likely the engine says that all of it is, or its first tokens on the mean, and the milliseconds that it took."""

    place: Place
    text: str
    is_shown: bool
    probability: float | None
    first_tokens_probability: float | None
    ms: float
    is_first_token_right: bool

    @property
    def is_exact(self) -> bool:
        return self.text == self.place.rest


class Workspaces:
    """The workspaces of the places; only the latest is kept, and what it has read and parsed with it."""

    def __init__(self) -> None:
        self._latest: tuple[Path, FolderRepository] | None = None

    def repository(self, root: Path) -> FolderRepository:
        if self._latest is None or self._latest[0] != root:
            self._latest = root, FolderRepository(root, Settings())
        return self._latest[1]

    def snapshot(self, place: Place) -> Snapshot:
        """The place as an editor has it, whatever the file on the disk says."""
        return snapshot_in(self.repository(place.root), place.document, place.cursor)


def answers(engine: model.Engine, places: Iterable[Place], variants: Sequence[Variant]) -> Iterator[list[Answer]]:
    """At each place what each variant completes, in the order of the variants."""
    completers: list[EngineCompleter] = []
    for variant in variants:
        own = engine if variant.engine is None else variant.engine()
        config = variant.change(prompt_config(own.info().result(), Settings(**variant.settings)))
        completers.append(EngineCompleter(variant.name, own, config))
    workspaces = Workspaces()
    for place in places:
        repository = workspaces.repository(place.root)
        yield [_answer(completer, place, repository) for completer in completers]


def _answer(completer: EngineCompleter, place: Place, repository: FolderRepository) -> Answer:
    """What the cursor's line would have from the cursor on, without blanks at its end."""
    completed = completer.complete(repository, place.document, place.cursor)
    text = "".join(fim.split_lines(completed.text)[:1]).rstrip()
    return Answer(
        place=place,
        text=text,
        is_shown=completed.is_shown,
        probability=completed.probability,
        first_tokens_probability=completed.first_tokens_probability,
        ms=completed.total_ms,
        is_first_token_right=first_token(text, completer.info) == first_token(place.rest, completer.info),
    )


def figures(found: Sequence[Answer]) -> dict[str, Any]:
    """Shares of places, from 0 to 1, and the median of the milliseconds. `right_of_shown`: None where none is."""
    shown = [answer.is_exact for answer in found if answer.is_shown]
    return {
        "places": len(found),
        "exact_match": _share([answer.is_exact for answer in found]),
        "first_token": _share([answer.is_first_token_right for answer in found]),
        "edit_similarity": _share([edit_similarity(answer.text, answer.place.rest) for answer in found]),
        "shown": round(len(shown) / len(found), 4),
        "right_of_shown": _share(shown),
        "median_ms": round(statistics.median(answer.ms for answer in found), 1),
    }


def by_probability(found: Sequence[Answer]) -> list[dict[str, Any]]:
    """What a threshold would show, and how much of that would be right; empty where the engine tells no probability."""
    told = [(answer.probability, answer.is_exact) for answer in found if answer.text and answer.probability is not None]
    rows: list[dict[str, Any]] = []
    for threshold in THRESHOLDS if told else ():
        right = [is_exact for probability, is_exact in told if probability >= threshold]
        shown = round(len(right) / len(found), 4)
        rows.append({"at_least": threshold, "shown": shown, "right_of_shown": _share(right)})
    return rows


def by_first_tokens(found: Sequence[Answer]) -> list[dict[str, Any]]:
    """What a threshold for the first tokens' mean would show, how much of that would be right, how much of all that is
    right it keeps, in characters, and how many times as many of them it has for each text that is shown."""
    told = [answer for answer in found if answer.text and answer.first_tokens_probability is not None]
    right = _right_characters(told)
    rows: list[dict[str, Any]] = []
    for threshold in THRESHOLDS if right else ():
        shown = [answer for answer in told if (answer.first_tokens_probability or 0.0) >= threshold]
        kept = _right_characters(shown) / right
        rows.append(
            {
                "at_least": threshold,
                "shown": round(len(shown) / len(told), 4),
                "right_of_shown": _share([answer.is_exact for answer in shown]),
                "kept": round(kept, 4),
                "per_shown": round(kept * len(told) / len(shown), 2) if shown else None,
            }
        )
    return rows


def _right_characters(found: Sequence[Answer]) -> int:
    return sum(len(answer.text) for answer in found if answer.is_exact)


def _share(values: Sequence[float]) -> float | None:
    return round(statistics.fmean(values), 4) if values else None
