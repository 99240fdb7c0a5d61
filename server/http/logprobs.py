"""How likely the tokens of a text were, in OpenAI's two forms. A token that is a part of a character stands as
`bytes:\\x..`."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ... import model
from .generation import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """A token, and the natural logarithm of its probability."""

    text: str
    bytes: bytes
    log_probability: float

    def in_chat(self) -> dict[str, Any]:
        return {"token": self.text, "logprob": self.log_probability, "bytes": list(self.bytes) or None}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """A token of the text. `likeliest`: at its place. `offset`: where in the text it begins, in characters."""

    token: _Token
    likeliest: Sequence[_Token]
    offset: int


class TokenOdds:
    """The tokens of a text that comes piece by piece, each told once. Where the engine does not say how likely they
    are, there is nothing to tell.

    `alternatives`: how many of the likeliest at each place are told, too; None where nobody asks for any of this.
    """

    def __init__(self, outcome: Outcome, alternatives: int | None) -> None:
        self._outcome = outcome
        self._alternatives = alternatives
        self._told = 0
        self._offset = 0
        self._text = getincrementaldecoder("utf-8")(errors="replace")  # of what is told

    def of_completion(self) -> dict[str, Any] | None:
        """Of the tokens since the last call, as completions tell them."""
        tokens = self._next()
        if tokens is None:
            return None
        return {
            "tokens": [one.token.text for one in tokens],
            "token_logprobs": [one.token.log_probability for one in tokens],
            "top_logprobs": [
                {each.text: each.log_probability for each in (*one.likeliest, one.token)} for one in tokens
            ],
            "text_offset": [one.offset for one in tokens],
        }

    def of_chat(self) -> dict[str, Any] | None:
        """The same as chats tell them."""
        tokens = self._next()
        if tokens is None:
            return None
        content = [
            {**one.token.in_chat(), "top_logprobs": [each.in_chat() for each in one.likeliest]} for one in tokens
        ]
        return {"content": content}

    def _next(self) -> Sequence[_Chosen] | None:
        outcome, most = self._outcome, self._alternatives
        tokenizer, odds = outcome.tokenizer, outcome.log_probabilities
        if most is None or tokenizer is None or len(odds) != outcome.tokens:
            return None
        chosen: list[_Chosen] = []
        while self._told < len(odds) and self._is_shown():
            place = self._told
            cut = outcome.cut_bytes if place == 0 else 0
            token = _token(outcome.ids[place], odds[place], tokenizer, cut)
            likeliest = [_token(each.id, each.log_probability, tokenizer) for each in outcome.likeliest[place]]
            chosen.append(_Chosen(token=token, likeliest=likeliest[:most], offset=self._offset))
            self._offset += len(self._text.decode(token.bytes))
            self._told += 1
        return chosen

    def _is_shown(self) -> bool:
        """Whether the next token has a part in the text. Those from a stop string on have none."""
        outcome = self._outcome
        return self._offset < len(outcome.text) or (outcome.finish is not None and outcome.stop_string is None)


def _token(id: int, log_probability: float, tokenizer: model.Tokenizer, cut_bytes: int = 0) -> _Token:
    """One that ends the text has a spelling, and no bytes."""
    token = tokenizer.bytes_of(id)[cut_bytes:]
    text = _shown(token) if token else tokenizer.control_token(id) or ""
    return _Token(text=text, bytes=token, log_probability=log_probability)


def _shown(token: bytes) -> str:
    try:
        return token.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in token)
