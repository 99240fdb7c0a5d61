"""The whole story of one completion, on one screen.

    complete (event loop)      worth asking? → cache → pause in typing → one job for the device → cache
    generate (device thread)   context of other files → prompt → ids → engine, until the stop rule → clean text

The command line and the benchmarks call `generate` themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

from ... import fim, model
from ..documents.documents import Surroundings
from ..errors import BadSettings
from ..settings.settings import Settings
from .contexts import Contexts

if TYPE_CHECKING:
    from ..session import Kind, Session

CPU_PROMPT_TOKENS = 1024
GPU_PROMPT_TOKENS = 4096
# Every keystroke moves the suffix to new positions, so all of it is computed again: a GPU has time for more.
CPU_SUFFIX_TOKENS = 128
GPU_SUFFIX_TOKENS = 1024

Finish = Literal["end", "stop", "length"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompting:
    """What makes prompts for one model: tokenizer, format, how many tokens a prompt and a completion may have, and
    whether other files belong into its prompts."""

    tokenizer: model.Tokenizer
    format: fim.Format
    prompt_tokens: int
    suffix_limit_tokens: int
    max_new_tokens: int
    other_files: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """What is to be completed: a cursor in a document, as the editor has it, and the workspace root around it."""

    document: fim.Document
    cursor: fim.Cursor
    project: fim.Project


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHole:
    """A hole in an open document as the event loop has it, where nothing may take longer for a longer document."""

    path: str
    language: fim.Language | None
    around: Surroundings
    project: fim.Project

    def whole(self) -> Hole:
        """The hole with its whole document, for the device's thread."""
        document = fim.Document(path=self.path, language=self.language, lines=self.around.lines())
        cursor = fim.Cursor(line=self.around.line, column=len(self.around.before))
        return Hole(document=document, cursor=cursor, project=self.project)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A completion and what it took. `finish`: the model ended it, the stop rule did, or it grew too long."""

    text: str | None
    prompt_tokens: int
    reused_tokens: int
    new_tokens: int
    first_token_ms: float
    total_ms: float
    finish: Finish


def prompting(plan: model.Plan, tokenizer: model.Tokenizer, settings: Settings) -> Prompting:
    """How to prompt the planned model. What the settings ask for yields to what the model has room for.

    Raises `BadSettings` for a `prompt_format` of which the model has not all control tokens.
    """
    context, on_cpu = plan.checkpoint.context_tokens, plan.device.kind == "cpu"
    new = min(settings.max_new_tokens, context // 2)
    wanted = settings.context_tokens
    if wanted == "auto":
        best = plan.source.entry.best_prompt_tokens if plan.source.entry else None
        wanted = best or (CPU_PROMPT_TOKENS if on_cpu else GPU_PROMPT_TOKENS)
    return Prompting(
        tokenizer=tokenizer,
        format=_format(plan, tokenizer, settings).with_begin(tokenizer.begin_token),
        prompt_tokens=min(wanted, context - new),
        suffix_limit_tokens=CPU_SUFFIX_TOKENS if on_cpu else GPU_SUFFIX_TOKENS,
        max_new_tokens=new,
    )


def prompting_of(tokenizer: model.Tokenizer, settings: Settings) -> Prompting:
    """How to prompt a model of which only the tokenizer is known, on a CPU. Raises what `prompting` does."""
    if settings.prompt_format == "auto":
        format = fim.recognise(tokenizer.has_control_token)
    else:
        format = _format_named(settings.prompt_format, tokenizer, str(tokenizer.folder))
    return Prompting(
        tokenizer=tokenizer,
        format=format.with_begin(tokenizer.begin_token),
        prompt_tokens=CPU_PROMPT_TOKENS if settings.context_tokens == "auto" else settings.context_tokens,
        suffix_limit_tokens=CPU_SUFFIX_TOKENS,
        max_new_tokens=settings.max_new_tokens,
    )


def _format(plan: model.Plan, tokenizer: model.Tokenizer, settings: Settings) -> fim.Format:
    formats, entry = fim.all_formats(), plan.source.entry
    if settings.prompt_format != "auto":
        return _format_named(settings.prompt_format, tokenizer, plan.source.name)
    if entry is not None and not formats[entry.family].lacking(tokenizer.has_control_token):
        return formats[entry.family]
    name = plan.source.folder.name if plan.source.is_folder else plan.source.name
    if "instruct" in name.lower():  # its vocabulary has the tokens, but its tuning lost their meaning
        return formats["plain"]
    return fim.recognise(tokenizer.has_control_token)


def _format_named(family: str, tokenizer: model.Tokenizer, model_name: str) -> fim.Format:
    formats, has_token = fim.all_formats(), tokenizer.has_control_token
    lacking = formats[family].lacking(has_token)
    if not lacking:
        return formats[family]
    fitting = [f'"{other}"' for other, format in formats.items() if not format.lacking(has_token)]
    raise BadSettings(
        f'prompt_format = "{family}" needs the control token {lacking[0]}, which {model_name} does not have.',
        f'Set prompt_format to "auto" or to one that fits this model: {", ".join(fitting)}.',
    )


def make_prompt(
    hole: Hole, prompting: Prompting, contexts: Contexts, stop: fim.Stop = lambda: None
) -> tuple[fim.Prompt, list[int]]:
    """The prompt for a hole, and its ids. `contexts` keeps what other files say the same from prompt to prompt. `stop`:
    see `fim.gather`."""
    document, cursor, count = hole.document, hole.cursor, prompting.tokenizer.count
    limit = prompting.prompt_tokens
    while True:
        budget = fim.share(
            limit,
            control_tokens=prompting.format.control_tokens,
            suffix_limit_tokens=prompting.suffix_limit_tokens,
        )
        room = fim.context_limit(document, cursor, budget, count) if prompting.other_files else 0
        context = contexts.gather(document, cursor, hole.project, room, count, stop)
        prompt = fim.build_prompt(document, cursor, prompting.format, budget, count, context)
        ids = encode(prompt.pieces, prompting.tokenizer)
        # With a tokenizer whose counts do not add up by line, the whole may be longer than its lines.
        excess = len(ids) - prompting.prompt_tokens
        if excess <= 0 or not limit:
            return prompt, ids
        limit = max(0, limit - excess)


def encode(pieces: Iterable[fim.Text | fim.Special], tokenizer: model.Tokenizer) -> list[int]:
    """Text becomes text, whatever it spells; only a special piece becomes a control token."""
    ids: list[int] = []
    for piece in pieces:
        if isinstance(piece, fim.Special):
            ids.append(tokenizer.control_id(piece.token))
        else:
            ids += tokenizer.encode_text(piece.text)
    return ids


def prompt_as_json(prompt: fim.Prompt, ids: list[int]) -> dict[str, Any]:
    """The prompt as `seekline prompt --json` and the command `seekline.prompt` show it."""
    pieces = [
        {"text": piece.text} if isinstance(piece, fim.Text) else {"special": piece.token} for piece in prompt.pieces
    ]
    return {
        "prompt": prompt.text,
        "tokens": len(ids),
        "prefix": prompt.prefix,
        "suffix": prompt.suffix,
        "pieces": pieces,
        "parts": [
            {"path": part.path, "kind": part.kind, "reason": part.reason, "tokens": part.tokens}
            for part in prompt.parts
        ],
    }


def generate(
    hole: Hole,
    loaded: model.LoadedModel,
    prompting: Prompting,
    contexts: Contexts,
    *,
    temperature: float,
    explicit: bool,
    cancel: Event,
) -> Completion:
    """One completion. Runs on the thread that owns the device; raises what `EngineCore.generate` raises."""

    def stop() -> None:
        if cancel.is_set():
            raise model.Cancelled

    started = perf_counter()
    _, ids = make_prompt(hole, prompting, contexts, stop)
    rule = fim.stop_rule(hole.document, hole.cursor, prompting.format.extent, explicit=explicit)
    reused = loaded.engine.reusable_tokens(ids)
    decoder = model.Decoder(loaded.tokenizer)
    text, new_tokens, first_token, stopped = "", 0, None, False
    limit, sampling = prompting.max_new_tokens, model.Sampling(temperature=temperature)
    for token in _tokens(ids, loaded, limit, sampling, hole.document.path, cancel):
        first_token = first_token or perf_counter()
        new_tokens += 1
        text += decoder.feed(token)
        if stopped := fim.end_of_completion(text, rule) is not None:
            break
    text += decoder.finish()
    ended = perf_counter()
    return Completion(
        text=fim.clean(text, hole.document, hole.cursor, rule),
        prompt_tokens=len(ids),
        reused_tokens=reused,
        new_tokens=new_tokens,
        first_token_ms=1000 * ((first_token or ended) - started),
        total_ms=1000 * (ended - started),
        finish="stop" if stopped else "length" if new_tokens >= limit else "end",
    )


def _tokens(
    ids: list[int], loaded: model.LoadedModel, limit: int, sampling: model.Sampling, document: str, cancel: Event
) -> Iterator[int]:
    """What the model writes, with drafts from the prompt, in the KV slot of the document."""
    return loaded.engine.generate(
        ids,
        max_new_tokens=limit,
        cancel=cancel,
        sampling=sampling,
        stop_ids=loaded.tokenizer.control_ids,
        key=document,
        lookup=lookup_of(ids, loaded.tokenizer),
    )


def lookup_of(ids: list[int], tokenizer: model.Tokenizer) -> model.PromptLookup:
    """Where drafts come from: the text before the hole, that of other files included, and the text behind it."""
    control = tokenizer.control_ids
    first = next((n for n, id in enumerate(ids) if id not in control), len(ids))
    hole = next((n for n in range(first, len(ids)) if ids[n] in control), len(ids))
    return model.PromptLookup(ids[first:hole], after=ids[hole + 1 :], barriers=control)


async def complete(
    session: Session,
    uri: str,
    hole: OpenHole,
    *,
    explicit: bool,
    kind: Kind = "ghost text",
) -> str | None:
    """The completion to show, or None where there is nothing worth showing, or it is switched off.

    Raises `Cancelled` where the request is out of date: by a newer one of its kind, or by what `Session.abandon` says.
    """
    key = (uri, kind)
    turn = session.take_turn(key)
    hole = await session.when_settled(uri, hole)
    if not session.lasts(key, turn):
        raise model.Cancelled
    around = hole.around
    if not session.completes_in(uri, hole.language):
        return None
    if not explicit and not fim.worth_asking(around.before, around.after, is_first_text=around.is_first_text):
        return None
    if (known := session.cache.get(uri, around, explicit=explicit)) is not None:
        return known[0]
    if not explicit and not await session.pause_in_typing(key, turn):
        raise model.Cancelled
    moment = session.cache.moment(uri)
    job = session.submit(key, hole, explicit=explicit)
    try:
        completion = await asyncio.wrap_future(job.future)
    finally:
        job.cancel.set()
    if completion is None:
        return None
    if moment == session.cache.moment(uri):
        session.cache.put(uri, around, completion.text, explicit=explicit)
    return completion.text
