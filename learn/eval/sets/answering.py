"""Who answers tasks: a model by its bare engine, the same model as the product shows it, or a control.

raw      the prompt that the papers describe, greedily, until the model ends; no copies, no guide, no filter
product  what the server would put at the cursor of a file that has the task
oracle   the set's own solutions: all must be right
shuffled the solutions of other tasks: next to none may be right
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Protocol

from .... import fim, model
from ...errors import SetUnreadable
from ...repository import Completer, Repository
from .benchmarks import all_benchmarks
from .prompts import build_set_prompt, place_of
from .task import SetTask, until_stop

_DOCUMENT = "published set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`text`: up to where it ends. `is_shown`: whether a user would have seen it while typing; None where nobody
    types. `is_cut`: the model had not room for all of the task."""

    text: str
    is_shown: bool | None = None
    is_cut: bool = False


class Answerer(Protocol):
    """`name`: the model's. `mode`: see above. `identity`: all that its answers depend on beside the task. `notes`: what
    a reader of its figures should know."""

    @property
    def name(self) -> str: ...

    @property
    def mode(self) -> str: ...

    @property
    def identity(self) -> str: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    def answer(self, task: SetTask) -> Answer:
        """Raises what the engine raises."""
        ...


class KnownCompleter(Completer, Protocol):
    """One that says all that its completions depend on beside the place: what it shows changes with the settings."""

    @property
    def identity(self) -> str: ...


class RawAnswerer:
    """Owns what its engine keeps for one document."""

    mode = "raw"

    def __init__(
        self,
        name: str,
        engine: model.Engine,
        format: fim.Format,
        max_new_tokens: int | None = None,
        *,
        adapter: str = "",
    ) -> None:
        """`format`: how the model is prompted. `max_new_tokens`: of each answer, instead of the set's own limit.
        `adapter`: a digest of the one that runs."""
        self.name = name
        self.mode = "raw" if format.fills_in else "raw, left to right"
        self._engine = engine
        self._format = format
        self._max_new_tokens = max_new_tokens
        self._adapter = adapter

    @property
    def identity(self) -> str:
        info = self._engine.info().result()
        return f"{info.name}, {info.summary}, {self._adapter}, {self._format}, {self._max_new_tokens}"

    @property
    def notes(self) -> tuple[str, ...]:
        if self._format.fills_in:
            return ()
        return (f"{self.name} has no fill-in-the-middle: it goes on left to right, and sees no suffix",)

    def answer(self, task: SetTask) -> Answer:
        while True:
            try:
                return self._answer(task, self._engine.info().result())
            except model.InfoChanged:  # memory was full: prompts must be shorter by now
                continue

    def _answer(self, task: SetTask, info: model.EngineInfo) -> Answer:
        wanted = self._max_new_tokens or all_benchmarks()[task.benchmark].max_new_tokens
        new_tokens = min(wanted, info.limits.context_tokens // 2)
        room = min(info.limits.context_tokens - new_tokens, info.limits.longest_prompt_tokens)
        built = build_set_prompt(task, info, self._format_for(task, info), room)
        request = model.CompletionRequest(
            ids=built.ids,
            prefix=built.prompt.prefix,
            suffix=built.prompt.suffix,
            pieces=tuple(_plain(piece) for piece in built.prompt.pieces),
            key=_DOCUMENT,
            version=info.version,
            max_new_tokens=new_tokens,
            stop_ids=info.tokenizer.control_ids if info.tokenizer else frozenset(),
        )
        self._engine.forget(_DOCUMENT)  # each task is answered as if it were the first
        text = ""
        with closing(self._engine.stream(request, Event())) as pieces:
            for piece in pieces:
                text += piece.text
                if until_stop(task, text) != text:
                    break
        return Answer(text=until_stop(task, text), is_cut=built.is_cut)

    def _format_for(self, task: SetTask, info: model.EngineInfo) -> fim.Format:
        """Where there is no hole, a model that fills in goes on left to right, too."""
        if task.has_hole or info.limits.takes_suffix:
            return self._format
        return fim.all_formats()["plain"].with_begin(info.tokenizer.begin_token if info.tokenizer else None)


class ProductAnswerer:
    """Has a task completed in a file of a folder that has nothing else."""

    mode = "product"
    notes = (
        "product: an answer is what would stand at the cursor, asked for explicitly where it is not shown; where a "
        "line is missing, the cursor is indented as an editor does",
    )

    def __init__(
        self, completer: KnownCompleter, open_repository: Callable[[Path], Repository], *, adapter: str = ""
    ) -> None:
        """`adapter`: a digest of the one that runs."""
        self.name = completer.name
        self._completer = completer
        self._open_repository = open_repository
        self._adapter = adapter

    @property
    def identity(self) -> str:
        return f"{self._completer.identity}, {self._adapter}"

    def answer(self, task: SetTask) -> Answer:
        """Raises `SetUnreadable` for a task without a hole."""
        if not task.has_hole:
            raise SetUnreadable(
                f"{all_benchmarks()[task.benchmark].title} has no holes.",
                "The mode `product` is for sets with holes: take `raw`.",
            )
        indentation, end = _around(task)
        document, cursor = place_of(replace(task, prefix=task.prefix + indentation), end + task.suffix)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / document.path).write_text("".join(document.lines), "utf-8", errors="replace", newline="")
            completed = self._completer.complete(self._open_repository(Path(folder)), document, cursor)
        text = indentation + completed.text + end if completed.text else ""
        return Answer(text=text, is_shown=completed.is_shown)


def _around(task: SetTask) -> tuple[str, str]:
    """Where whole lines are missing: what stands in an editor's empty line before the cursor, and its end."""
    is_of_lines = task.solution.endswith("\n") and (not task.prefix or task.prefix.endswith("\n"))
    if not is_of_lines:
        return "", ""
    return task.solution[: len(task.solution) - len(task.solution.lstrip(" \t"))], "\n"


class Oracle:
    """A control: knows all solutions."""

    name = mode = identity = "oracle"
    notes = ("the set's own solutions",)

    def answer(self, task: SetTask) -> Answer:
        return Answer(text=task.solution)


class Shuffled:
    """A control: gives each task the solution of another one."""

    name = mode = identity = "shuffled"
    notes = ("the solutions of other tasks",)

    def __init__(self, tasks: Iterable[SetTask], seed: int) -> None:
        solutions = {task.id: task.solution for task in tasks}
        order = list(solutions)
        random.Random(seed).shuffle(order)  # noqa: S311  (nothing to guess)
        self._solutions = {id: solutions[other] for id, other in zip(order, [*order[1:], *order[:1]], strict=True)}

    def answer(self, task: SetTask) -> Answer:
        return Answer(text=self._solutions[task.id])


def _plain(piece: fim.Text | fim.Special) -> str | model.ControlToken:
    return piece.text if isinstance(piece, fim.Text) else model.ControlToken(piece.token)
