"""How likely the tokens of a text were, in OpenAI's two forms. A token that is a part of a character stands as
`bytes:\\x..`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .generation import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """A chosen token, and the natural logarithm of its probability. `offset`: of the texts before it, in characters."""

    text: str
    bytes: bytes
    log_probability: float
    offset: int


class TokenOdds:
    """The tokens of a text that comes piece by piece, each told once. Where the engine does not say how likely they
    are, there is nothing to tell."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._told = 0
        self._offset = 0

    def of_completion(self) -> dict[str, Any] | None:
        """Of the tokens since the last call, as completions tell them."""
        tokens = self._next()
        if tokens is None:
            return None
        return {
            "tokens": [token.text for token in tokens],
            "token_logprobs": [token.log_probability for token in tokens],
            "top_logprobs": [{token.text: token.log_probability} for token in tokens],
            "text_offset": [token.offset for token in tokens],
        }

    def of_chat(self) -> dict[str, Any] | None:
        """The same as chats tell them, without alternatives."""
        tokens = self._next()
        if tokens is None:
            return None
        return {
            "content": [
                {
                    "token": token.text,
                    "logprob": token.log_probability,
                    "bytes": list(token.bytes),
                    "top_logprobs": [],
                }
                for token in tokens
            ]
        }

    def _next(self) -> Sequence[_Token] | None:
        outcome = self._outcome
        if outcome.tokenizer is None or len(outcome.log_probabilities) != len(outcome.ids):
            return None
        tokens: list[_Token] = []
        for id, found in zip(outcome.ids[self._told :], outcome.log_probabilities[self._told :], strict=True):
            token = outcome.tokenizer.bytes_of(id)
            text = _shown(token)
            tokens.append(_Token(text=text, bytes=token, log_probability=found, offset=self._offset))
            self._offset += len(text)
        self._told += len(tokens)
        return tokens


def _shown(token: bytes) -> str:
    try:
        return token.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in token)
