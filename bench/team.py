"""How a server holds a team: typists who complete through it, each with an engine of their own.

    python bench/team.py --start llama.cpp|vllm|seekline [--program vllm] [--typists 50] [--seconds 60] [--write NAME]
    python bench/team.py --server URL [--model NAME] [--tokenizer FOLDER] ...

Each types a span of a real file key by key in a person's intervals. Where they pause long enough, their server would
ask, and the next key cancels what has not come. The prompts are the product's own, made before the clock starts, so
that the typists cost this machine little. What is new in a prompt, and what the server had computed before, the server
says itself.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from threading import Event, Thread, Timer
from time import monotonic, perf_counter, sleep
from typing import Any

import measure
import numpy
from random_models import random_model
from replay import keystrokes
from rich.console import Console
from rich.table import Table
from seekline import fim, model
from seekline.server.completion.complete import prepare
from seekline.server.completion.contexts import Contexts
from seekline.server.completion.prompt_config import PromptConfig, prompt_config
from seekline.server.completion.snapshot import Snapshot
from seekline.server.settings.settings import Settings
from seekline.server.workspace import Workspace
from spans import Span, rhythm_of, spans_in
from team_servers import served

REPOSITORY = Path(__file__).resolve().parent.parent
LINES = 40
WAIT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request, when it is sent and when the next key gives it up, in seconds of the typist's own."""

    at_s: float
    until_s: float
    request: model.CompletionRequest


@dataclass(slots=True)
class Seen:
    """What one typist, or all of them, have seen."""

    keys: int = 0
    typed_s: float = 0.0
    first_ms: list[float] = field(default_factory=list)
    whole_ms: list[float] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    reused_tokens: int = 0
    new_tokens: int = 0

    def add(self, other: Seen) -> None:
        self.keys += other.keys
        self.typed_s += other.typed_s
        self.first_ms += other.first_ms
        self.whole_ms += other.whole_ms
        self.ends += other.ends
        self.prompt_tokens += other.prompt_tokens
        self.reused_tokens += other.reused_tokens
        self.new_tokens += other.new_tokens


def typists(count: int, seed: int) -> list[Span]:
    """A span for each, of the files of this repository."""
    files = sorted(path for folder in ("fim", "model", "server") for path in (REPOSITORY / folder).rglob("*.py"))
    files = [path for path in files if path.read_text("utf-8").count("\n") > 2 * LINES]
    Random(seed).shuffle(files)
    spans = [span for path in files for span in spans_in(path, REPOSITORY, 1, LINES, seed)]
    return [spans[number % len(spans)] for number in range(count)]


def asks_of(
    span: Span, workspace: Workspace, config: PromptConfig, given: argparse.Namespace, seed: int
) -> Iterator[Ask]:
    """What is asked while a span is typed, for `given.seconds`."""
    lines = fim.split_lines(span.above + span.text + span.below)
    first = len(fim.split_lines(span.above))
    pauses_s = rhythm_of(span, seed).before_s
    contexts, file = Contexts(), span.root / span.path
    at_s = 0.0
    for number, (text, cursor) in enumerate(keystrokes(lines, first, first + LINES)):
        pause_s = pauses_s[min(number + 1, len(pauses_s) - 1)]
        document = fim.Document(path=span.path, language=fim.language_of_path(span.path), lines=text)
        if at_s >= given.seconds:
            return
        is_worth = fim.worth_asking(document.before(cursor), document.after(cursor), is_first_text=False)
        if pause_s > given.pause and is_worth:
            snapshot = Snapshot(document=document, cursor=cursor, project=workspace.project_of(file))
            prepared = prepare(snapshot, config, contexts, explicit=False, cancel=Event())
            yield Ask(at_s=at_s + given.pause, until_s=at_s + pause_s, request=prepared.request)
        at_s += pause_s


def type_along(engine: model.Engine, asks: list[Ask], started_s: float, seen: Seen) -> None:
    """Sends what is asked when its time comes."""
    version = engine.info().result(WAIT_S).version
    for ask in asks:
        sleep(max(0.0, started_s + ask.at_s - monotonic()))
        cancel = Event()
        timer = Timer(max(0.0, started_s + ask.until_s - monotonic()), cancel.set)
        timer.daemon = True
        timer.start()
        try:
            _complete(engine, replace(ask.request, version=version), cancel, seen)
        except model.Cancelled:
            seen.ends["cancelled"] += 1
        except model.InfoChanged:
            version = engine.info().result(WAIT_S).version
            seen.ends["asked anew"] += 1
        except model.ModelError as error:
            seen.ends[type(error).__name__] += 1
        timer.cancel()


def _complete(engine: model.Engine, request: model.CompletionRequest, cancel: Event, seen: Seen) -> None:
    started_s = perf_counter()
    usage: model.Usage | None = None
    is_first = True
    try:
        for piece in engine.stream(request, cancel):
            if is_first:
                seen.first_ms.append(1000 * (perf_counter() - started_s))
                is_first = False
            usage = piece.usage or usage
            seen.new_tokens += len(piece.ids) or int(piece.end is None)
    finally:
        if usage is not None:
            seen.prompt_tokens += usage.prompt_tokens
            seen.reused_tokens += usage.reused_tokens
    seen.whole_ms.append(1000 * (perf_counter() - started_s))
    seen.ends["whole"] += 1


def run(url: str, given: argparse.Namespace) -> Seen:
    engines = [model.RemoteEngine(lambda _: None) for _ in range(given.typists)]
    wanted = model.RemoteModel(url=url, model=given.model, tokenizer=str(given.tokenizer), base=REPOSITORY, takes="ids")
    for engine in engines:
        engine.load(wanted)
    settings = Settings(context_tokens=given.tokens, max_new_tokens=given.new)
    config = prompt_config(engines[0].info().result(WAIT_S), settings)
    workspace = Workspace([REPOSITORY], settings.exclude)
    plans = [
        list(asks_of(span, workspace, config, given, given.seed + number))
        for number, span in enumerate(typists(given.typists, given.seed))
    ]
    seen = [Seen() for _ in engines]
    started_s = monotonic() + 1.0
    threads = [
        Thread(target=type_along, args=(engine, asks, started_s, of_one))
        for engine, asks, of_one in zip(engines, plans, seen, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.close(5.0)
    together = Seen(typed_s=given.typists * given.seconds)
    for of_one in seen:
        together.add(of_one)
    return together


def figures(seen: Seen, given: argparse.Namespace) -> dict[str, Any]:
    asked = sum(seen.ends.values())
    return {
        "typists": given.typists,
        "seconds": given.seconds,
        "pause_s": given.pause,
        "requests": asked,
        "requests_a_typist_minute": round(60 * asked / seen.typed_s, 1),
        "ends": dict(seen.ends),
        "first_token_ms": _percentiles(seen.first_ms),
        "whole_ms": _percentiles(seen.whole_ms),
        "prompt_tokens_a_request": round(seen.prompt_tokens / max(1, len(seen.first_ms))),
        "reused_of_prompt": round(seen.reused_tokens / max(1, seen.prompt_tokens), 3),
        "new_tokens_a_request": round(seen.new_tokens / max(1, asked), 1),
    }


def _percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    p50, p90, p99 = numpy.percentile(values, (50, 90, 99)).tolist()
    return {"p50": round(p50, 1), "p90": round(p90, 1), "p99": round(p99, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--server", metavar="URL", help="one that runs, with /v1")
    where.add_argument("--start", choices=("llama.cpp", "vllm", "seekline"), help="one with a tiny random model")
    parser.add_argument("--program", default="vllm", help="vLLM's own program")
    parser.add_argument("--model", default="", help="its name there")
    parser.add_argument("--tokenizer", type=Path, default=None, help="the folder of the server's model")
    parser.add_argument("--typists", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--tokens", type=int, default=512, help="of a prompt")
    parser.add_argument("--new", type=int, default=24, help="tokens of a completion, at the most")
    parser.add_argument("--pause", type=float, default=0.25, help="seconds after a key before the server asks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", metavar="NAME", help="also write bench/results/NAME.json")
    given = parser.parse_args()
    given.tokenizer = given.tokenizer or random_model("tiny")
    with ExitStack() as stack:
        url = given.server or stack.enter_context(served(given.start, given.program))
        found = figures(run(url, given), given)
    table = Table("", str(given.start or url), box=None)
    for name, value in found.items():
        parts = value.items() if isinstance(value, dict) else ()
        table.add_row(name.replace("_", " "), ", ".join(f"{key} {one}" for key, one in parts) or str(value))
    Console().print(table)
    if given.write:
        measure.save(given.write, {"server": str(given.start or url), **found})


if __name__ == "__main__":
    main()
