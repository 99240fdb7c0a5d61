"""Texts from the engine, for whatever endpoint: a request passes the gate once, and each of its texts comes piece by
piece, stopped when nobody reads it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from threading import Event, Thread
from time import perf_counter

from ... import model
from ..completion.prompt_config import PromptConfig
from .errors import HttpError, of_model
from .rewritten import Rewritten
from .service import Service
from .stops import StopStrings

_MOST_RETRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request for the engine, and what of the text is the client's: at most `max_tokens` of it. `must_start`: what
    the engine writes again of the prompt's end before. `stops`: strings before which it ends. `writes_within_s`: so
    long after its first token it ends, once it has a whole line."""

    request: model.CompletionRequest
    max_tokens: int
    must_start: str = ""
    stops: Sequence[str] = ()
    writes_within_s: float | None = None


MakeAsked = Callable[[PromptConfig], Asked]
"""From how the model is prompted to what it is asked; again where the model has changed meanwhile."""


@dataclass(slots=True)
class Outcome:
    """What is known of a text, as it comes. `tokens`: how many it has; `ids`, `log_probabilities` and the alternatives
    at the place of each, `likeliest`, are there where the engine tells them. `cut_bytes`: of the first token, which are
    not the text's. `finish`: "stop" or "length", once it has ended; `stop_string`: before which."""

    model: str = ""
    context_tokens: int = 0
    tokenizer: model.Tokenizer | None = None
    text: str = ""
    tokens: int = 0
    ids: list[int] = field(default_factory=list)
    log_probabilities: list[float] = field(default_factory=list)
    likeliest: list[tuple[model.LikelyToken, ...]] = field(default_factory=list)
    cut_bytes: int = 0
    prompt_tokens: int = 0
    reused_tokens: int = 0
    finish: str | None = None
    stop_string: str | None = None
    prompt_s: float = 0.0
    writing_s: float = 0.0


@dataclass(slots=True, kw_only=True)
class Admitted:
    """A request that may have texts of the engine, one behind the other. Times are of `perf_counter`: when it came, and
    when its first and its latest token did. `finish`: of its last text."""

    service: Service
    since_s: float
    first_token_s: float | None = None
    latest_token_s: float = 0.0
    finish: str = "stop"


@asynccontextmanager
async def admitted(service: Service, endpoint: str) -> AsyncIterator[Admitted]:
    """Waits until it is a request's turn, for all of its texts; notes how it ended. Raises `HttpError`, also for what
    the engine raises within."""
    request = Admitted(service=service, since_s=perf_counter())
    end = "cancelled"
    try:
        service.stop_warming()
        async with service.gate.place():
            yield request
            end = request.finish
    except model.ModelError as error:
        end = "failed"
        raise of_model(error) from error
    except HttpError as error:
        end = "refused" if error.status < 500 else "failed"
        raise
    except Exception:  # who leaves is none
        end = "failed"
        raise
    finally:
        service.metrics.requests.labels(endpoint, end).inc()
        if request.first_token_s is not None:
            service.metrics.first_token_s.observe(request.first_token_s - request.since_s)
            service.metrics.whole_s.observe(request.latest_token_s - request.since_s)


async def generate(request: Admitted, make: MakeAsked, outcome: Outcome) -> AsyncGenerator[str, None]:
    """The text as it may be shown; what else is known of it goes into `outcome`. Whoever stops iterating stops the
    device.

    Raises `HttpError`, what the engine raises, and what `make` raises.
    """
    for _ in range(_MOST_RETRIES):
        try:
            async with aclosing(_once(request, make, outcome)) as texts:
                async for text in texts:
                    yield text
            request.finish = outcome.finish or "stop"
            return
        except model.InfoChanged:
            continue
    raise HttpError(503, "The model changes again and again.", kind="server_error", retry_after_s=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Of a streamed text. The last one has no text, but `finish`."""

    text: str
    is_first: bool
    finish: str | None = None


async def parts(request: Admitted, make: MakeAsked, outcome: Outcome) -> AsyncGenerator[Part, None]:
    """What `generate` yields, and how it ended."""
    is_first = True
    async with aclosing(generate(request, make, outcome)) as texts:
        async for text in texts:
            yield Part(text=text, is_first=is_first)
            is_first = False
    yield Part(text="", is_first=is_first, finish=outcome.finish or "stop")


async def _once(request: Admitted, make: MakeAsked, outcome: Outcome) -> AsyncGenerator[str, None]:
    service = request.service
    config = await service.prompt_config()
    asked = await asyncio.to_thread(make, config)  # a long prompt takes its time
    outcome.model, outcome.tokenizer = config.info.name, config.info.tokenizer
    outcome.context_tokens = config.info.limits.context_tokens
    outcome.prompt_tokens = len(asked.request.ids)
    key = service.take_key(asked.request.key)
    started = perf_counter()
    pieces = _pieces(service.engine, replace(asked.request, key=key))
    try:
        async for text in _shown(pieces, asked, outcome, started):
            outcome.text += text
            if text:
                yield text
    finally:
        await pieces.aclose()
        service.give_back(key)
        if outcome.prompt_s:
            outcome.writing_s = perf_counter() - started - outcome.prompt_s
            _measure(request, outcome, started)


async def _shown(
    pieces: AsyncGenerator[model.Piece, None], asked: Asked, outcome: Outcome, started: float
) -> AsyncGenerator[str, None]:
    """What of each piece is the client's, which may be nothing."""
    stops = StopStrings(asked.stops)
    rewritten = Rewritten(asked.must_start)
    async for piece in pieces:
        outcome.prompt_s = outcome.prompt_s or perf_counter() - started
        _note(outcome, piece, rewritten)
        yield stops.feed(rewritten.new_text(piece.text))
        outcome.stop_string = stops.found
        if stops.found is not None:
            outcome.finish = "stop"
            return
        is_full = bool(asked.must_start) and outcome.tokens >= asked.max_tokens
        if outcome.finish is None and (is_full or _is_late(asked, outcome, perf_counter() - started)):
            outcome.finish = "length"
            break
    yield stops.finish()


def _is_late(asked: Asked, outcome: Outcome, taken_s: float) -> bool:
    limit_s = asked.writes_within_s
    return limit_s is not None and taken_s - outcome.prompt_s > limit_s and "\n" in outcome.text


def _note(outcome: Outcome, piece: model.Piece, rewritten: Rewritten) -> None:
    tokenizer = outcome.tokenizer
    if not piece.ids:
        outcome.tokens += piece.end is None  # one, of a server that tells no ids
    elif tokenizer is None or not rewritten.is_of_prompt(piece.ids[0], tokenizer):
        outcome.tokens += len(piece.ids)
        outcome.ids += piece.ids
        outcome.cut_bytes = rewritten.cut_bytes
        if piece.log_probability is not None:
            outcome.log_probabilities.append(piece.log_probability)
            outcome.likeliest.append(piece.likeliest)
    if piece.usage is not None:
        outcome.prompt_tokens, outcome.reused_tokens = piece.usage.prompt_tokens, piece.usage.reused_tokens
    if piece.end is not None:
        outcome.finish = "length" if piece.end in ("length", "time") else "stop"


def _measure(request: Admitted, outcome: Outcome, started: float) -> None:
    metrics = request.service.metrics
    metrics.prompt_tokens.inc(outcome.prompt_tokens)
    metrics.reused_tokens.inc(outcome.reused_tokens)
    metrics.new_tokens.inc(outcome.tokens)
    if outcome.tokens:
        request.first_token_s = request.first_token_s or started + outcome.prompt_s
        request.latest_token_s = started + outcome.prompt_s + outcome.writing_s


async def _pieces(engine: model.Engine, request: model.CompletionRequest) -> AsyncGenerator[model.Piece, None]:
    """The engine's pieces on the event loop. There are never more of them than the tokens that were asked for."""
    loop, cancel = asyncio.get_running_loop(), Event()
    arrived: asyncio.Queue[model.Piece | BaseException | None] = asyncio.Queue()

    def put(what: model.Piece | BaseException | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(arrived.put_nowait, what)

    def run() -> None:
        try:
            for piece in engine.stream(request, cancel):
                put(piece)
        except BaseException as error:  # noqa: BLE001 - whoever waits on the loop must learn of it
            put(error)
        else:
            put(None)

    Thread(target=run, name="seekline-http-stream", daemon=True).start()
    try:
        while True:
            what = await arrived.get()
            if what is None:
                return
            if isinstance(what, BaseException):
                raise what
            yield what
    finally:
        cancel.set()


async def whole(request: Admitted, make: MakeAsked) -> Outcome:
    """The text in one. Raises as `generate` does."""
    outcome = Outcome()
    async for _ in generate(request, make, outcome):
        pass
    return outcome
