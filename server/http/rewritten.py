"""The end of a client's prompt that the model writes again, to heal a divided token: it is no part of the answer."""

from __future__ import annotations

from ... import model


class Rewritten:
    """What of a text that comes piece by piece is the answer's. `cut_bytes`: of its first token, the bytes that are
    not."""

    def __init__(self, must_start: str) -> None:
        self._text = must_start
        self._left_bytes = len(must_start.encode("utf-8", "replace"))
        self.cut_bytes = 0

    def new_text(self, text: str) -> str:
        """What of the next piece's text is the answer's."""
        new, self._text = text[len(self._text) :], self._text[len(text) :]
        return new

    def is_of_prompt(self, id: int, tokenizer: model.Tokenizer) -> bool:
        """Whether the next token brings nothing but what the client sent."""
        if not self._left_bytes:
            return False
        size = len(tokenizer.bytes_of(id))
        if size > self._left_bytes:
            self.cut_bytes = self._left_bytes
        self._left_bytes = max(0, self._left_bytes - size)
        return not self.cut_bytes
