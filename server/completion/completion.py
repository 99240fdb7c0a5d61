"""A completion: what is shown, where it came from, and what it took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Source = Literal["engine", "cache", "typed through", "taken over"]
"""A completion was generated for this very request, or known for this text, or begun before and typed along since; or
it was under way when the request came."""
Finish = Literal["end", "stop", "length", "time", "unsure"]
"""The model ended it, the stop rule did, it grew too long, its time was over, or no line was likely enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """`text` is inserted at the cursor; None where nothing is worth showing.

    `replaced`: so many characters of the cursor's line around the cursor, before and behind it, give way to the text.
    `log_probability`: of the tokens that were generated, together; `first_tokens_probability`: the geometric mean of
    the first ones; None where the engine does not say. All else is about what was generated, and 0 where nothing was.
    """

    text: str | None
    source: Source
    replaced: tuple[int, int] = (0, 0)
    log_probability: float | None = None
    first_tokens_probability: float | None = None
    prompt_tokens: int = 0
    reused_tokens: int = 0
    new_tokens: int = 0
    first_token_ms: float = 0.0
    total_ms: float = 0.0
    finish: Finish = "end"
