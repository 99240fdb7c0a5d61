"""A streamed answer of OpenAI's completions API, event by event, as pieces of text.

Servers differ in what they add and leave out. What is not of the form that is expected, is garbage: an answer is never
half understood.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from math import isfinite
from typing import Any

from ..engine import End, Piece, Usage
from ..http.exchange import parsed, quoted
from ..http.failures import HttpFailure

_DONE = "[DONE]"
_MOST_TOKENS = 1 << 24


class Answer:
    """One answer while it comes. `ends`: texts that end it, since the model means control tokens by them. `usage`: what
    is known of it before the server says more. `read`: undoes what was done to the prompt's text."""

    def __init__(self, ends: Collection[str], usage: Usage | None, read: Callable[[str], str]) -> None:
        self._ends = tuple(ends)
        self._usage = usage
        self._read = read
        self._held = ""  # the start of what may become one of `ends`
        self._end: End | None = None
        self._score_of_end: float | None = None
        self.is_whole = False
        """Whether nothing is missing at its end."""
        self.is_over = False
        """Whether nothing of what may still come matters."""

    def feed(self, data: str) -> list[Piece]:
        """What an event adds. Raises `HttpFailure`."""
        if data.strip() == _DONE:
            self.is_whole = self.is_over = True
            return []
        event = parsed(data)
        if not isinstance(event, dict):
            raise HttpFailure("garbage", "sent an event that is no object")
        if event.get("error"):
            raise _failure(event["error"])
        self._take_usage(event.get("usage"))
        choices = event.get("choices", [])
        if not isinstance(choices, list):
            raise HttpFailure("garbage", "sent an event without choices")
        if not choices or self._end is not None:
            return []
        return self._take(choices[0])

    def finish(self) -> Piece:
        """The last piece, once nothing more comes or nothing more is wanted."""
        text = "" if self._end is not None else self._held
        score = self._score_of_end
        return Piece(text=self._read(text), log_probability=score, end=self._end or "end", usage=self._usage)

    def _take(self, choice: Any) -> list[Piece]:
        text = choice.get("text") if isinstance(choice, dict) else None
        if text is None and isinstance(choice, dict) and choice.get("finish_reason"):
            text = ""
        if not isinstance(text, str):
            raise HttpFailure("garbage", "sent a choice without text")
        scores, ids = _scores(choice.get("logprobs"))
        new = self._until_end(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
        reason = choice.get("finish_reason")
        if reason and self._end is None:
            new, self._held = new + self._held, ""
            self._end = "length" if reason == "length" else "end"
        self.is_whole = self.is_whole or self._end is not None
        if reason and not text and scores:
            self._score_of_end = sum(scores)
            scores, ids = [], ()
        return list(self._pieces(self._read(new), ids, scores))

    def _pieces(self, text: str, ids: tuple[int, ...], scores: list[float]) -> Iterator[Piece]:
        """One for each token that the server tells of, the text with the first of them."""
        count = max(len(ids), len(scores), int(bool(text)))
        for number in range(count):
            yield Piece(
                text=text if number == 0 else "",
                ids=ids[number : number + 1],
                log_probability=scores[number] if number < len(scores) else None,
                usage=self._usage,
            )

    def _until_end(self, text: str) -> str:
        """What of a text is sure to belong to the completion."""
        text = self._held + text
        places = [place for place in (text.find(end) for end in self._ends) if place >= 0]
        if places:
            self._end, self._held = "end", ""
            self.is_over = True
            return text[: min(places)]
        sure = len(text) - _open(text, self._ends)
        self._held = text[sure:]
        return text[:sure]

    def _take_usage(self, usage: Any) -> None:
        if not isinstance(usage, dict):
            return
        details = usage.get("prompt_tokens_details")
        prompt_tokens = _count(usage, "prompt_tokens")
        if prompt_tokens is None:
            return
        reused = _count(details if isinstance(details, dict) else {}, "cached_tokens")
        if reused is None:
            reused = _count(usage, "prompt_cache_hit_tokens")  # DeepSeek's
        before = self._usage.reused_tokens if self._usage else 0
        self._usage = Usage(prompt_tokens=prompt_tokens, reused_tokens=before if reused is None else reused)


def _open(text: str, ends: Collection[str]) -> int:
    """How many characters at the end of a text may become one of `ends`."""
    longest = max(map(len, ends), default=0)
    for length in range(min(longest - 1, len(text)), 0, -1):
        if any(end.startswith(text[-length:]) for end in ends):
            return length
    return 0


def _scores(logprobs: Any) -> tuple[list[float], tuple[int, ...]]:
    """The log-probabilities of the tokens, in OpenAI's form or llama.cpp's, which has their ids, too."""
    if not isinstance(logprobs, dict):
        return [], ()
    scores: list[float] = []
    ids: list[int] = []
    content = logprobs.get("content")
    for row in content if isinstance(content, list) else []:
        if isinstance(row, dict) and _is_score(row.get("logprob")) and isinstance(row.get("id"), int):
            scores.append(row["logprob"])
            ids.append(row["id"])
    of_tokens = logprobs.get("token_logprobs")
    for score in of_tokens if isinstance(of_tokens, list) else []:
        if _is_score(score):
            scores.append(score)
    return scores, tuple(ids)


def _is_score(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value) and value <= 0


def _count(row: Mapping[str, Any], key: str) -> int | None:
    value = row.get(key)
    return value if isinstance(value, int) and 0 <= value < _MOST_TOKENS else None


def _failure(error: Any) -> HttpFailure:
    """An error in the middle of an answer that began well."""
    said = error.get("message") if isinstance(error, dict) else error
    detail = f": {quoted(said)}" if isinstance(said, str) and said else ""
    return HttpFailure("broken off", f"gave up in the middle of an answer{detail}")
