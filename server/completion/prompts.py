"""From a snapshot to the request that an engine is given: context of other files, prompt, token ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ... import fim, model
from .contexts import Contexts
from .copies import copy_texts
from .prompt_config import PromptConfig
from .snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltPrompt:
    """A prompt, its ids where the engine takes ids, and how many tokens it has."""

    prompt: fim.Prompt
    ids: tuple[int, ...]
    tokens: int


def build_prompt(
    snapshot: Snapshot, config: PromptConfig, contexts: Contexts, stop: fim.Stop = lambda: None
) -> BuiltPrompt:
    """The prompt for a snapshot. `contexts` keeps what other files say the same from prompt to prompt. `stop`: see
    `fim.gather`."""
    document, cursor, count = snapshot.document, snapshot.cursor, config.info.count_tokens
    limit = config.prompt_tokens
    while True:
        budget = fim.share(
            limit,
            control_tokens=config.format.control_tokens,
            suffix_limit_tokens=config.suffix_limit_tokens,
        )
        context = fim.NOTHING
        if config.other_files:
            room = fim.context_limit(document, cursor, budget, count)
            context = contexts.gather(document, cursor, snapshot.project, room, count, stop)
        must_start = fim.partial_word(document.before(cursor)) if config.healing else ""
        prompt = fim.build_prompt(document, cursor, config.format, budget, count, context, must_start)
        built = _built(prompt, config.info)
        # With a tokenizer whose counts do not add up by line, the whole may be longer than its lines.
        excess = built.tokens - config.prompt_tokens
        if excess <= 0 or not limit:
            return built
        limit = max(0, limit - excess)


def request_for(
    built: BuiltPrompt,
    config: PromptConfig,
    key: str,
    *,
    copies: model.CopyTexts | None,
    members: fim.ExistingMembers | None,
    least_probability: float,
) -> model.CompletionRequest:
    """What the engine is asked, with drafts from the prompt, in the KV cache of the document `key`.

    `copies`: what it may copy from. `members`: what its text may start with. `least_probability`: no line is wanted
    that is less likely.
    """
    must_start = built.prompt.must_start.encode("utf-8", "replace")
    tokenizer = config.info.tokenizer
    return model.CompletionRequest(
        ids=built.ids,
        prefix=built.prompt.prefix,
        suffix=built.prompt.suffix,
        pieces=tuple(_pieces(built.prompt)),
        key=key,
        version=config.info.version,
        max_new_tokens=config.max_new_tokens,
        time_limit_s=config.time_limit_s,
        sampling=config.sampling,
        stop_ids=tokenizer.control_ids if tokenizer else frozenset(),
        guide=_guide(must_start, members),
        copies=copies,
        search=model.LineSearch(least_probability=least_probability) if config.line_search else None,
        lookup=lookup_text(built.ids, tokenizer.control_ids) if tokenizer else None,
    )


def lookup_text(ids: tuple[int, ...], control_ids: frozenset[int]) -> model.LookupText:
    """Where drafts come from: the text before the hole, that of other files included, and the text behind it."""
    first = next((n for n, id in enumerate(ids) if id not in control_ids), len(ids))
    hole = next((n for n in range(first, len(ids)) if ids[n] in control_ids), len(ids))
    return model.LookupText(before=ids[first:hole], after=ids[hole + 1 :])


def copies_for(snapshot: Snapshot, config: PromptConfig, stop: fim.Stop) -> model.CopyTexts | None:
    """The texts that a completion may copy from, for an engine that does; reads files near the document."""
    if not config.copies:
        return None
    texts = copy_texts(snapshot, config.copied_characters, stop)
    return texts if config.copies_behind else replace(texts, after="")


def members_for(snapshot: Snapshot, config: PromptConfig, stop: fim.Stop) -> fim.ExistingMembers | None:
    """The names that a completion may start with, for an engine that can be held to them. Reads imported files."""
    if not config.guided:
        return None
    return fim.existing_members(snapshot.document, snapshot.cursor, snapshot.project, stop)


def _guide(must_start: bytes, members: fim.ExistingMembers | None) -> model.Guide | None:
    if members is None:
        return model.Guide(must_start=must_start) if must_start else None
    written = len(members.written)
    rests = frozenset(name[written:].encode("utf-8", "replace") for name in members.names)
    return model.Guide(must_start=must_start, names=rests)


def _built(prompt: fim.Prompt, info: model.EngineInfo) -> BuiltPrompt:
    if info.tokenizer is None:
        tokens = sum(info.count_tokens(line) for line in fim.split_lines(prompt.prefix + prompt.suffix))
        return BuiltPrompt(prompt=prompt, ids=(), tokens=tokens)
    ids = tuple(encode(prompt.pieces, info.tokenizer))
    return BuiltPrompt(prompt=prompt, ids=ids, tokens=len(ids))


def _pieces(prompt: fim.Prompt) -> Iterator[str | model.ControlToken]:
    for piece in prompt.pieces:
        yield piece.text if isinstance(piece, fim.Text) else model.ControlToken(piece.token)


def encode(pieces: Iterable[fim.Text | fim.Special], tokenizer: model.Tokenizer) -> list[int]:
    """Text becomes text, whatever it spells; only a special piece becomes a control token."""
    ids: list[int] = []
    for piece in pieces:
        if isinstance(piece, fim.Special):
            ids.append(tokenizer.control_id(piece.token))
        else:
            ids += tokenizer.encode_text(piece.text)
    return ids
