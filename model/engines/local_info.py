"""What a model in this process says of itself before anyone asks it: its limits, and what keeps it from being fast."""

from __future__ import annotations

from dataclasses import replace

from ..backends.llama.native_structures import why_not_compiled
from ..loading.load import MIXTURE_FILE
from ..loading.plan import Plan
from ..tokenizer import Tokenizer
from .engine import EngineInfo, Limits

_ANY_CONTEXT_TOKENS = 1 << 30
CPU_PROMPT_TOKENS = 1024
GPU_PROMPT_TOKENS = 4096
# Every keystroke moves the suffix to new positions, so all of it is computed again: a GPU has time for more.
CPU_SUFFIX_TOKENS = 128
GPU_SUFFIX_TOKENS = 1024


def info_of(plan: Plan, tokenizer: Tokenizer) -> EngineInfo:
    """What a planned model will be once it is loaded. In a process of its own nothing is mixed into its choice."""
    entry, context = plan.source.entry, plan.checkpoint.context_tokens
    is_on_cpu = plan.device.kind == "cpu"
    is_here = plan.engine != "llama.cpp"
    best = entry.best_prompt_tokens if entry else None
    return EngineInfo(
        name=plan.source.name,
        summary=plan.summary,
        family=entry.family if entry else None,
        tokenizer=tokenizer,
        notice=why_not_compiled() if is_on_cpu and is_here else None,
        copies=is_here and (plan.source.folder / MIXTURE_FILE).is_file(),
        limits=Limits(
            context_tokens=context,
            prompt_tokens=best or (CPU_PROMPT_TOKENS if is_on_cpu else GPU_PROMPT_TOKENS),
            longest_prompt_tokens=context,
            suffix_tokens=CPU_SUFFIX_TOKENS if is_on_cpu else GPU_SUFFIX_TOKENS,
            is_local=True,
            takes_ids=True,
        ),
    )


def info_of_tokenizer(tokenizer: Tokenizer) -> EngineInfo:
    """What a model would be, on a CPU, of which only the tokenizer is known. Its context may be as long as any."""
    return EngineInfo(
        name=str(tokenizer.path),
        summary="a tokenizer alone",
        family=None,
        tokenizer=tokenizer,
        limits=Limits(
            context_tokens=_ANY_CONTEXT_TOKENS,
            prompt_tokens=CPU_PROMPT_TOKENS,
            longest_prompt_tokens=_ANY_CONTEXT_TOKENS,
            suffix_tokens=CPU_SUFFIX_TOKENS,
            is_local=True,
            takes_ids=True,
        ),
    )


def with_shorter_prompts(info: EngineInfo, longest_tokens: int) -> EngineInfo:
    return replace(info, limits=replace(info.limits, longest_prompt_tokens=longest_tokens))
