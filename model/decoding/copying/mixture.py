"""The mixture of a model's next token with what the copy model proposes.

First interpolated backoff over the lengths of contexts, from the model as the shortest to the longest match; then a
small network ranks the likeliest tokens of both anew. The parameters are data, fitted for one model by `seekline.learn
mixture`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy

from ..vocabulary_index import VocabularyIndex
from . import kernels
from .copy_drafts import CopyDrafts
from .copy_index import CopyIndex
from .copy_model import CopyModel
from .copy_texts import CopyTexts
from .first_tokens import FirstTokens
from .inputs import NextToken
from .mixture_weights import MixtureModel, MixtureWeights
from .native import MixtureStructure

if TYPE_CHECKING:
    import torch

    from ...tokenizer import Tokenizer

PLAIN_SHARE = 0.01
"""Of the model alone, so that no token is impossible."""

_FACTS = 7


class Mixer:
    """What all completions of one model share: weights, the vocabulary's facts, and the texts that were sorted
    lately."""

    def __init__(self, weights: MixtureWeights, tokenizer: Tokenizer, vocabulary: VocabularyIndex) -> None:
        facts = numpy.array([_facts(tokenizer.bytes_of(id)) for id in range(tokenizer.size)], dtype=numpy.float32)
        line_ends = numpy.array(_line_ends(tokenizer), dtype=numpy.int64)
        self.newline = tokenizer.encode_text("\n")[0]
        self.vocabulary = vocabulary
        self.index = CopyIndex()
        self.first_tokens = FirstTokens(tokenizer.encode_text)
        structure = MixtureStructure(
            len(facts),
            len(weights.second),
            self.newline,
            len(line_ends),
            *(array.ctypes.data for array in (facts, line_ends, weights.weight, weights.constant)),
            *(array.ctypes.data for array in (weights.per_kind, weights.mean, weights.scale)),
            *(array.ctypes.data for array in (weights.first, weights.first_bias, weights.second)),
            float(weights.rest[0]),
            float(weights.rest[1]),
            PLAIN_SHARE,
        )
        self.model = MixtureModel(
            weights=weights,
            facts=facts,
            line_ends=line_ends,
            newline=self.newline,
            plain_share=PLAIN_SHARE,
            structure=structure,
        )

    def start(self, texts: CopyTexts, must: bytes = b"", check: Callable[[], None] = lambda: None) -> Mixture:
        """The mixture of one completion; see `CopyModel`."""
        copies = CopyModel(texts, self.index, self.first_tokens, must=must, newline=self.newline, check=check)
        line = texts.before[texts.before.rfind("\n") + 1 :].encode("utf-8", "replace")
        return Mixture(self, copies, line[: len(line) - len(must)], must)


class Mixture:
    """One completion. `line`: the cursor's line as far as the prompt has it."""

    def __init__(self, mixer: Mixer, copies: CopyModel, line: bytes, must: bytes) -> None:
        self._mixer = mixer
        self._copies = copies
        self._line = line
        self._must = must

    def bytes_of(self, id: int) -> bytes:
        return self._mixer.vocabulary.bytes_of(id)

    def drafts(self) -> CopyDrafts:
        """The source of drafts that this mixture is likely to agree with."""
        return CopyDrafts(self._copies, self._mixer.model.weights, self.bytes_of)

    def mix(
        self, logits: torch.Tensor, written: bytes, tokens: int, allowed: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The logarithms of the mixed probabilities, shape (vocabulary,), on the CPU; -infinity where a token is not
        allowed.

        `logits`: of the model, shape (vocabulary,). `written`: what follows the prompt by now, in so many `tokens`. Of
        the tokens that end a line the model's favourite stands for all.
        """
        import torch

        ids = None if allowed is None else allowed.numpy()
        return torch.from_numpy(self.mixed(logits.float().cpu().numpy(), written, tokens, ids))

    def mixed(
        self, logits: numpy.ndarray, written: bytes, tokens: int, allowed: numpy.ndarray | None = None
    ) -> numpy.ndarray:
        found = self._copies.find(written)
        line = self._line + written
        line = line[line.rfind(b"\n") + 1 :]
        must = self._must[len(written) :]
        next = NextToken(logits=logits, allowed=allowed, line=line + must, must_size=len(must), tokens=tokens)
        return kernels.mix(self._mixer.model, next, found)


def _facts(token: bytes) -> list[float]:
    """As `token_facts` in copy_mixture.c has them."""
    if not token:
        return [0.0] * _FACTS
    return [
        float(len(token)),
        float(sum(map(token.count, (b"(", b"[", b"{")))),
        float(sum(map(token.count, (b")", b"]", b"}")))),
        float(sum(map(token.count, (b'"', b"'", b"`")))),
        float(_is_word(token[-1])),
        float(_is_word(token[0])),
        float(token[:1] == b" "),
    ]


def _is_word(byte: int) -> bool:
    return byte >= 0x80 or chr(byte).isalnum() or byte == ord("_")


def _line_ends(tokenizer: Tokenizer) -> list[int]:
    """Control tokens, and those that begin with the end of a line."""
    ends = [id for id in range(tokenizer.size) if tokenizer.bytes_of(id).lstrip(b" \t\r")[:1] == b"\n"]
    return sorted(tokenizer.control_ids.union(ends))
