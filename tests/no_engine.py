"""What an engine says of itself that is never asked."""

from __future__ import annotations

from seekline import model

LIMITS = model.Limits(
    context_tokens=1024, prompt_tokens=900, longest_prompt_tokens=900, suffix_tokens=100, is_local=True, takes_ids=False
)
INFO = model.EngineInfo(name="none", summary="", family=None, limits=LIMITS, tokenizer=None)
