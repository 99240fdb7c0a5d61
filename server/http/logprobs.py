"""How likely the tokens of a text were, in the form of OpenAI's completions."""

from __future__ import annotations

from typing import Any

from .generation import Outcome


def logprobs_of(outcome: Outcome) -> dict[str, Any] | None:
    """None where the engine does not say. `tokens`: a token that is a part of a character stands as `bytes:\\x..`."""
    if outcome.tokenizer is None or len(outcome.log_probabilities) != len(outcome.ids):
        return None
    tokens = [_shown(outcome.tokenizer.bytes_of(id)) for id in outcome.ids]
    offsets: list[int] = []
    offset = 0
    for token in tokens:
        offsets.append(offset)
        offset += len(token)
    top = [{token: found} for token, found in zip(tokens, outcome.log_probabilities, strict=True)]
    return {"tokens": tokens, "token_logprobs": outcome.log_probabilities, "top_logprobs": top, "text_offset": offsets}


def _shown(token: bytes) -> str:
    try:
        return token.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in token)
