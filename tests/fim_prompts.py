"""Windows and prompts of marked code, with a tokenizer that has one token for each character."""

from __future__ import annotations

from marked import place
from seekline import fim
from seekline.fim.prompt.budget import windows


def windows_of(code: str, *, prefix_tokens: int, suffix_tokens: int, stride_lines: int = 8) -> tuple[str, str]:
    """Prefix and suffix of the windows around the mark."""
    document, cursor = place(code)
    budget = fim.Budget(prefix_tokens=prefix_tokens, suffix_tokens=suffix_tokens, stride_lines=stride_lines)
    shown = windows(document, cursor, budget, len)
    return shown.prefix, shown.suffix


def prompt_of(code: str, family: str, *, prompt_tokens: int = 1000) -> fim.Prompt:
    document, cursor = place(code)
    format = fim.all_formats()[family].with_begin("<s>")
    budget = fim.share(prompt_tokens, control_tokens=format.control_tokens, suffix_limit_tokens=128)
    return fim.build_prompt(document, cursor, format, budget, len)
