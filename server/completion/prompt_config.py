"""How the model of an engine is prompted: what the settings ask for, as far as the engine has room for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

from ... import fim, model
from ..errors import BadSettings
from ..settings.settings import WHOLE_CONTEXT, Settings

COPIED_CHARACTERS = 1_000_000
"""Of other files: more brings nothing that could be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptConfig:
    """What makes prompts for one engine: its format, how many tokens a prompt and a completion may have, how tokens are
    chosen, and whether other files belong into its prompts.

    `sequence_tokens`: of both together. `healing`: whether the model writes the word before the cursor again.
    `guided`: whether it is held to the members of a type that is known. `copies`: whether it is given texts to copy
    from, `copies_behind`: also what stands behind the cursor, `copied_characters`: how much of other files.
    `line_search`: whether it looks for the likeliest line, not for one token after the other. `least_probability`,
    `least_probability_of_line`: what is less likely is not shown, unless it was asked for: the rest of a line, a whole
    one. `least_token_probability`: the same for the first tokens, as their geometric mean.
    """

    info: model.EngineInfo
    format: fim.Format
    prompt_tokens: int
    suffix_limit_tokens: int
    max_new_tokens: int
    sequence_tokens: int
    time_limit_s: float | None = None
    sampling: model.Sampling = model.GREEDY
    other_files: bool = True
    healing: bool = False
    guided: bool = True
    copies: bool = False
    copies_behind: bool = True
    copied_characters: int = COPIED_CHARACTERS
    line_search: bool = False
    least_probability: float = 0.0
    least_probability_of_line: float = 0.0
    least_token_probability: float = 0.0

    @property
    def identity(self) -> str:
        """What a completion depends on beside its place: a digest's text, the same in each run that is asked alike."""
        own = [f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.name != "info"]
        # Not all of `info`: its version is another one in each process.
        return ", ".join([self.info.name, self.info.summary, *own])

    def least_probability_at(self, before: str) -> float:
        """`before`: the cursor's line before it."""
        return self.least_probability if before.strip() else self.least_probability_of_line

    def longer(self) -> PromptConfig:
        """For a completion that the user asks for: twice as many tokens, as far as the context has room for them."""
        room = self.sequence_tokens - self.prompt_tokens
        return replace(self, max_new_tokens=min(2 * self.max_new_tokens, room))


def prompt_config(info: model.EngineInfo, settings: Settings) -> PromptConfig:
    """How to prompt what an engine runs. Raises `BadSettings` for a `prompt_format` of which the model has not all
    control tokens."""
    limits = info.limits
    sequence = limits.context_tokens
    if settings.max_length != "auto":
        sequence = min(sequence, settings.max_length)
    wanted = limits.prompt_tokens if settings.context_tokens == "auto" else settings.context_tokens
    wanted = min(wanted, limits.longest_prompt_tokens)
    whole = settings.max_new_tokens == WHOLE_CONTEXT
    new = max(sequence // 2, sequence - wanted) if whole else min(settings.max_new_tokens, sequence // 2)
    tokenizer = info.tokenizer
    format = _format(info, settings)
    can_guide = limits.takes_guides and tokenizer is not None
    copies = info.copies and settings.copies
    least = settings.least_probability
    return PromptConfig(
        info=info,
        format=format.with_begin(None if tokenizer is None else tokenizer.begin_token),
        prompt_tokens=min(wanted, sequence - new),
        suffix_limit_tokens=limits.suffix_tokens if format.suffix_tokens is None else format.suffix_tokens,
        max_new_tokens=new,
        sequence_tokens=sequence,
        time_limit_s=settings.deadline_ms / 1000,
        sampling=model.Sampling(
            temperature=settings.temperature, top_k=None if settings.top_k == "all" else settings.top_k
        ),
        other_files=format.other_files,
        healing=format.healing and can_guide,
        guided=can_guide,
        copies=copies,
        line_search=copies and format.extent == "line",
        least_probability=format.least_probability if least == "auto" else least,
        least_probability_of_line=format.least_probability_of_line if least == "auto" else least,
        least_token_probability=format.least_token_probability if least == "auto" else least,
    )


def notices(config: PromptConfig, settings: Settings) -> Iterator[str]:
    """What the user should know once of a model that works, but not as they may expect."""
    if settings.threads != "auto" and settings.threads > model.most_threads():
        yield (
            f"threads = {settings.threads} is more than this machine runs at a time: {model.most_threads()} are used."
        )
    if not config.format.fills_in and settings.prompt_format == "auto":
        if config.info.tokenizer is None:
            yield (
                f"Nothing says how {config.info.name} wants its prompt, so it completes left to right only: what "
                "stands behind the cursor is not seen. Set prompt_format to its family if it fills in the middle."
            )
            return
        yield (
            f"{config.info.name} completes left to right only, since it has no fill-in-the-middle: what stands behind "
            "the cursor is not seen. `seekline models list` shows which models fill in."
        )


def _format(info: model.EngineInfo, settings: Settings) -> fim.Format:
    formats = fim.all_formats()
    if settings.prompt_format != "auto":
        return _format_named(settings.prompt_format, info)
    if info.limits.takes_suffix:
        return fim.prefix_and_suffix()
    if info.family is not None and not _lacking(formats[info.family], info):
        return formats[info.family]
    if "instruct" in Path(info.name).name.lower():  # its vocabulary has the tokens, but its tuning lost their meaning
        return formats["plain"]
    if info.tokenizer is None:
        return fim.recognise_name(info.name)
    return fim.recognise(info.tokenizer.has_control_token)


def _format_named(family: str, info: model.EngineInfo) -> fim.Format:
    formats = fim.all_formats()
    lacking = _lacking(formats[family], info)
    if not lacking:
        return formats[family]
    fitting = [f'"{other}"' for other, format in formats.items() if not _lacking(format, info)]
    raise BadSettings(
        f'prompt_format = "{family}" needs the control token {lacking[0]}, which {info.name} does not have.',
        f'Set prompt_format to "auto" or to one that fits this model: {", ".join(fitting)}.',
    )


def _lacking(format: fim.Format, info: model.EngineInfo) -> tuple[str, ...]:
    """The control tokens of a format that a model has not. An engine without a tokenizer is asked in text."""
    return () if info.tokenizer is None else tuple(format.lacking(info.tokenizer.has_control_token))
