"""A prompt as one text, for a server that tokenizes it: what stands for a control token becomes one, nothing else may.

Such a server takes every text that spells a control token for the token, also one that a user typed. So a word joiner
(U+2060), which has no width, is put behind the first character of each of these: the model reads nearly the same, and
what it copies of it loses the joiner again (`Speller.read`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..engine import ControlToken

JOINER = "\u2060"
# The forms of all families: bars of either width, the words of Llama, StarCoder, Code Llama, Codestral and Mistral.
_CONTROL = re.compile(
    r"<[|｜][^<>\s]{1,60}[|｜]>"
    r"|</?s>|</?unk>|<pad>|<bos>|<eos>|<mask>|<EOT>|<PRE>|<SUF>|<MID>|</?(?:start|end)_of_turn>"
    r"|</?(?:fim|file|repo|gh|issue|jupyter|commit|intermediate)_[a-z_]{1,30}>|<(?:reponame|filename|empty_output)>"
    r"|\[/?(?:INST|PREFIX|SUFFIX|MIDDLE|TOOL_CALLS|AVAILABLE_TOOLS|TOOL_RESULTS|IMG)\]"
)
# What a server puts before each text by itself.
_BEGIN = ("@bos", "<｜begin▁of▁sentence｜>", "<s>", "<bos>", "<|begin_of_text|>")


class Speller:
    """The texts of one request, and what comes back. `begin`: the token that the model's prompts begin with, where that
    is known."""

    def __init__(self, begin: str | None = None) -> None:
        self._begin = (*_BEGIN, begin)
        self._has_joined = False

    def write(self, pieces: Iterable[str | ControlToken]) -> str:
        """The pieces as one text, without the token that begins every prompt."""
        texts: list[str] = []
        for piece in pieces:
            if isinstance(piece, str):
                texts.append(self.plain(piece))
            elif texts or piece.spelling not in self._begin:
                texts.append(piece.spelling)
        return "".join(texts)

    def plain(self, text: str) -> str:
        """A text in which nothing spells a control token."""
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")  # half a pair is no text
        neutral = _CONTROL.sub(lambda found: f"{found[0][0]}{JOINER}{found[0][1:]}", text)
        self._has_joined = self._has_joined or neutral != text
        return neutral

    def read(self, text: str) -> str:
        """What the model wrote, without the joiners that it copied."""
        return text.replace(JOINER, "") if self._has_joined else text
