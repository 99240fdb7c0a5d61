"""A language model that copies: what followed the longest matches of the bytes before the cursor, in the document and
in other files (Grave et al., "Improving Neural Language Models with a Continuous Cache", 2017, arXiv:1612.04426; Liu et
al., "Infini-gram", 2024, arXiv:2401.17377)."""

from __future__ import annotations

from collections.abc import Callable

from . import kernels
from .copy_index import CopyIndex
from .copy_texts import CopyTexts
from .first_tokens import FirstTokens
from .inputs import Search
from .native import LONGEST, Candidates
from .sorted_text import comparable
from .text_group import TextGroup

_LEAST_IN_DOCUMENT, _LEAST_ELSEWHERE = 1, 3
_MOST_KEPT = 16


class CopyModel:
    """What speaks for each next token of one completion.

    `must`: the last bytes before the cursor that the text has to write again. `newline`: the token that stands for the
    end of a line.
    """

    def __init__(
        self,
        texts: CopyTexts,
        index: CopyIndex,
        first_tokens: FirstTokens,
        *,
        must: bytes = b"",
        newline: int,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        document = index.document(texts.before, texts.after)
        self._document = document
        self._groups = (
            TextGroup(document.pieces, least=_LEAST_IN_DOCUMENT, cursor=document.cursor),
            TextGroup(index.others(texts.others, check), least=_LEAST_ELSEWHERE),
        )
        self._first_tokens = first_tokens
        self._must = must
        self._newline = newline
        self._found: dict[bytes, Candidates] = {}

    def find(self, written: bytes) -> Candidates:
        """What speaks for each token behind `written`, which follows the prompt.

        The last answers are kept, since whoever drafts asks the same as whoever verifies.
        """
        found = self._found.get(written)
        if found is None:
            if len(self._found) == _MOST_KEPT:
                self._found.clear()
            found = self._found[written] = self._find(written)
        return found

    def _find(self, written: bytes) -> Candidates:
        must = self._must[len(written) :]
        found = Candidates()
        if len(must) > LONGEST:  # no place is known to agree in so many bytes
            return found
        search = Search(context=self._context(written[len(self._must) :]), must=must, newline=self._newline)
        kernels.find(self._groups, self._first_tokens, search, found)
        return found

    def _context(self, beyond: bytes) -> bytes:
        """The `LONGEST` bytes before the next token, as they are compared. `beyond`: what was written behind the
        cursor."""
        known = self._document
        new = comparable(beyond, starts_line=False, is_open=True, columns=known.columns)
        return (known.context + new.text)[-LONGEST:]
