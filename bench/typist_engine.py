"""What the engine says in this process: to a naive client, and to an oracle that shows whatever it has."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from math import inf
from random import Random
from threading import Event
from time import perf_counter

from infilling import Workspaces
from places import Place
from screen import Edit, Ghost, Screen
from seekline import fim, model
from seekline.server.completion.complete import generate
from seekline.server.completion.contexts import Contexts
from seekline.server.completion.prompt_config import prompt_config
from seekline.server.completion.prompts import build_prompt, request_for
from seekline.server.completion.snapshot import Snapshot
from seekline.server.settings.settings import Settings
from spans import Span
from typist_clients import Answer
from typist_counts import Source

DEBOUNCE_S = 0.15
"""Of the naive client."""


class Snapshots:
    """A span's document as it is typed, in its workspace."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._workspaces = Workspaces()

    def at(self, before: str, behind: str) -> Snapshot:
        span = self._span
        language = fim.language_of_path(span.path)
        above = before.rfind("\n") + 1
        document = fim.Document(path=span.path, language=language, lines=tuple(fim.split_lines(before + behind)))
        place = Place(
            root=span.root,
            repository=span.root.name,
            language=span.language,
            kind="line",
            document=document,
            cursor=fim.Cursor(line=before.count("\n"), column=len(before) - above),
            rest="",
        )
        return self._workspaces.snapshot(place)


class NaiveClient:
    """A client as they are often written: it waits until nothing was typed for 150 ms, makes a prompt of the document
    anew, has all of it computed, and shows what the model writes as it is: up to the end of the line where a model
    writes lines. No copies, since nothing tells the engine of texts to copy from.

    It does not wait for keys: the typist says when the next one comes, and what takes longer is not shown.
    """

    def __init__(self, engine: model.Engine, speed: float) -> None:
        self._engine = engine
        self._debounce_s = DEBOUNCE_S / speed
        config = prompt_config(engine.info().result(), Settings(copies=False))
        self._config = replace(config, healing=False, other_files=False)
        self._snapshots: Snapshots | None = None
        self._sources: list[Source | None] = []

    async def open(self, span: Span, screen: Screen) -> None:
        self._snapshots = Snapshots(span)

    def change(self, edit: Edit, screen: Screen) -> None:
        pass

    async def answer(self, screen: Screen, within_s: float | None) -> Answer | None:
        left_s = inf if within_s is None else within_s - self._debounce_s
        if left_s <= 0:
            self._sources.append(None)
            return None
        started = perf_counter()
        text, usage = self._written(screen, started + left_s)
        took_s = perf_counter() - started
        if text is None or took_s > left_s:
            self._sources.append(None)
            return None
        self._sources.append(Source(path="cold", prompt_tokens=usage.prompt_tokens) if usage else None)
        ghost = Ghost(text=text) if text.strip() else None
        return Answer(ghost=ghost, took_s=self._debounce_s + took_s)

    def _written(self, screen: Screen, until: float) -> tuple[str | None, model.Usage | None]:
        """What the model writes for the cursor; None where the next key comes before."""
        assert self._snapshots is not None
        snapshot = self._snapshots.at(screen.before, screen.behind)
        path = snapshot.document.path
        self._engine.forget(path)
        built = build_prompt(snapshot, self._config, Contexts())
        request = request_for(built, self._config, path, copies=None, members=None, least_probability=0.0)
        by_line = self._config.format.extent == "line"
        written, usage = "", None
        with closing(self._engine.stream(request, Event())) as pieces:
            for piece in pieces:
                usage = piece.usage or usage
                written += piece.text
                if perf_counter() > until:
                    return None, usage
                if by_line and "\n" in written:
                    break
        return written.partition("\n")[0] if by_line else written, usage

    async def close(self) -> list[Source | None]:
        found, self._sources = self._sources, []
        return found


class Oracle:
    """Says where the engine, with all that the product does for it and nothing held back, has not even the first word
    right. It looks at a share of a span's positions, chosen by seed, the same for every client."""

    def __init__(self, engine: model.Engine, span: Span, share: float, seed: int) -> None:
        self._engine = engine
        self._span = span
        self._config = prompt_config(engine.info().result(), Settings())
        self._snapshots = Snapshots(span)
        random = Random(f"{seed} {span.path} {len(span.above)} oracle")
        self._chosen = {offset for offset in range(len(span.text) + 1) if random.random() < share}
        self._known: dict[int, bool] = {}

    def has_nothing_good(self, offset: int) -> bool | None:
        """At so many typed characters of the span; None where it does not look."""
        if offset not in self._chosen or offset >= len(self._span.text):
            return None
        if offset not in self._known:
            self._known[offset] = not self._is_right(offset)
        return self._known[offset]

    def _is_right(self, offset: int) -> bool:
        screen = Screen(self._span)
        screen.before += self._span.text[:offset]
        snapshot = self._snapshots.at(screen.before, screen.behind)
        completion = generate(snapshot, self._engine, self._config, Contexts(), explicit=True)
        kept = len(screen.before) - completion.replaced[0]
        text = screen.before[:kept] + (completion.text or "")
        if not completion.text or not text.startswith(screen.before):
            return False
        return screen.starts_right(Ghost(text=text[len(screen.before) :]))
