"""From what a client sends to what the engine is asked: a text to go on with, a hole to fill, or token ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ... import fim, model
from ..completion.prompt_config import PromptConfig
from ..completion.prompts import encode, lookup_text
from .errors import refused
from .generation import Asked
from .templated import hole_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a client may say of the text it wants; None leaves it to the server's settings. `alternatives`: see
    `CompletionRequest`."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    stops: Sequence[str] = ()
    alternatives: int = 0
    writes_within_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherFile:
    """A file that stands before the one that is completed, as repositories did in the model's training."""

    path: str
    text: str


def ask_for_text(prompt: str, wishes: Wishes, config: PromptConfig) -> Asked:
    """Goes on with `prompt`, or fills the hole of one that is in the model's own form. Raises `HttpError`."""
    hole = hole_in(prompt, config.format) if config.format.fills_in else None
    if hole is not None:
        return ask_for_hole(hole.prefix, hole.suffix, wishes, config)
    tokenizer = _tokenizer(config)
    begin = [] if tokenizer.begin_token is None else [tokenizer.control_id(tokenizer.begin_token)]
    return ask_for_ids([*begin, *tokenizer.encode_text(prompt)], wishes, config, head=prompt)


def ask_for_ids(ids: Sequence[int], wishes: Wishes, config: PromptConfig, *, head: str = "") -> Asked:
    """Goes on with token ids as they are. Raises `HttpError`."""
    tokenizer = _tokenizer(config)
    wrong = next((id for id in ids if not 0 <= id < tokenizer.size), None)
    if wrong is not None:
        raise refused("prompt", f"{config.info.name} has no token {wrong}: its ids are 0 to {tokenizer.size - 1}.")
    if not ids:
        raise refused("prompt", "The prompt is empty.")
    room = config.info.limits.context_tokens - len(ids)
    if room <= 0:
        raise refused(
            "prompt", f"The prompt has {len(ids)} tokens; the context of {config.info.name} has {len(ids) + room}."
        )
    return _asked(tuple(ids), wishes, config, head=head or str(ids[:64]), most=room)


def ask_for_hole(
    prefix: str, suffix: str, wishes: Wishes, config: PromptConfig, others: Sequence[OtherFile] = (), path: str = ""
) -> Asked:
    """Fills in between `prefix` and `suffix`, each cut at the far end where the prompt would be too long. `others`: the
    most important last, as in DeepSeek Coder's training. Raises `HttpError`."""
    if suffix.strip() and not config.format.fills_in:
        raise refused("suffix", f"{config.info.name} does not fill in: it sees nothing of what stands behind.")
    language = fim.language_of_path(path) or next(filter(None, (fim.language_of_path(o.path) for o in others)), None)
    document = fim.Document(path=path, language=language, lines=tuple(fim.split_lines(prefix + suffix)))
    cursor = _end_of(prefix)
    count = config.info.count_tokens
    budget = fim.share(
        config.prompt_tokens,
        control_tokens=config.format.control_tokens,
        suffix_limit_tokens=config.suffix_limit_tokens,
    )
    room = fim.context_limit(document, cursor, budget, count) if config.other_files else 0
    context = fim.given_context([(other.path, other.text) for other in others], room, count)
    must_start = fim.partial_word(document.before(cursor)) if config.healing else ""
    prompt = fim.build_prompt(document, cursor, config.format, budget, count, context, must_start)
    ids = tuple(encode(prompt.pieces, _tokenizer(config)))
    if not ids:
        raise refused("prompt", "There is nothing to go on with: prefix and suffix are empty.")
    most = config.info.limits.context_tokens - len(ids)
    asked = _asked(ids, wishes, config, head=prompt.prefix, most=most, must_start=prompt.must_start)
    stops = [*wishes.stops, *(["\n"] if config.format.extent == "line" else [])]
    request = replace(asked.request, copies=_copies(prefix, suffix, others, config))
    if config.line_search and request.sampling.is_greedy:
        request = replace(request, search=model.LineSearch())
    return replace(asked, request=request, stops=stops)


def _asked(
    ids: tuple[int, ...], wishes: Wishes, config: PromptConfig, *, head: str, most: int, must_start: str = ""
) -> Asked:
    """`most`: tokens that the context has room for."""
    tokenizer = _tokenizer(config)
    wanted = config.max_new_tokens if wishes.max_tokens is None else wishes.max_tokens
    max_tokens = max(0, min(wanted, most))
    must_bytes = must_start.encode("utf-8", "replace")
    again = len(must_bytes) if max_tokens else 0  # tokens at the most
    own = config.sampling
    sampling = model.Sampling(
        temperature=own.temperature if wishes.temperature is None else wishes.temperature,
        top_k=own.top_k if wishes.top_k is None else wishes.top_k,
        top_p=own.top_p if wishes.top_p is None else wishes.top_p,
        seed=wishes.seed,
    )
    request = model.CompletionRequest(
        ids=ids,
        key=head,
        version=config.info.version,
        max_new_tokens=min(max_tokens + again, max(most, 0)),
        sampling=sampling,
        stop_ids=tokenizer.control_ids,
        guide=model.Guide(must_start=must_bytes) if must_start else None,
        lookup=lookup_text(ids, tokenizer.control_ids),
        alternatives=wishes.alternatives,
    )
    return Asked(
        request=request,
        max_tokens=max_tokens,
        must_start=must_start,
        stops=wishes.stops,
        writes_within_s=wishes.writes_within_s,
    )


def _copies(prefix: str, suffix: str, others: Sequence[OtherFile], config: PromptConfig) -> model.CopyTexts | None:
    """What an engine that copies may copy from: all that the client has sent."""
    if not config.copies:
        return None
    nearest_first = tuple(fim.with_newlines(other.text) for other in reversed(others))
    return model.CopyTexts(before=fim.with_newlines(prefix), after=fim.with_newlines(suffix), others=nearest_first)


def _end_of(prefix: str) -> fim.Cursor:
    lines = fim.split_lines(prefix)
    if not lines or lines[-1].endswith(("\n", "\r")):
        return fim.Cursor(line=len(lines), column=0)
    return fim.Cursor(line=len(lines) - 1, column=len(lines[-1]))


def _tokenizer(config: PromptConfig) -> model.Tokenizer:
    if config.info.tokenizer is None:
        raise refused("model", f"{config.info.name} has no tokenizer here: name it by remote_tokenizer.")
    return config.info.tokenizer
