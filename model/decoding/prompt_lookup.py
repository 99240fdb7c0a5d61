"""Prompt lookup decoding: drafts copied from what was written before (Saxena 2023,
https://github.com/apoorvumang/prompt-lookup-decoding).

The text of a program repeats itself: the tokens that followed the last few tokens earlier are a good guess of what
follows now. The model verifies a draft in one step, so that it changes how fast tokens come, never which ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

# A match longer than this says no more than one of this length.
LONGEST_MATCH = 8
# Of frequent pairs of tokens only the latest occurrences are looked at, which bounds the time of a proposal.
MOST_CANDIDATES = 64

_BARRIER = -1
# A pair is one integer, since thousands of tuples would keep the garbage collector busy.
_PAIR_SHIFT = 32


class PromptLookup:
    """Where the last tokens occurred before, and what followed them there.

    Every pair of tokens is chained to the pair's previous occurrence, as in LZ77 with hash chains, so a token is added
    in O(1). Of the occurrences the one with the longest match wins; of equal ones what was generated just now wins
    over the earlier texts, these over the text behind the cursor, that over the text before it, and in each of the two
    what is nearer to the cursor. It owns its index and belongs to one completion.
    """

    def __init__(
        self,
        before: Sequence[int],
        *,
        after: Sequence[int] = (),
        earlier: Iterable[Sequence[int]] = (),
        barriers: Collection[int] = (),
    ) -> None:
        """`before` and `after`: the tokens around the cursor, the context of other files included.

        `earlier`: other texts that are likely to come again, such as the last completion, likeliest last. `barriers`:
        ids that no draft crosses or contains, such as control tokens.
        """
        self._ids = [_BARRIER, *after, _BARRIER]
        for text in earlier:
            self._ids += [*text, _BARRIER]
        self._ids += before
        if barriers:
            self._ids = _with_barriers(self._ids, frozenset(barriers))
        self._latest: dict[int, int] = {}
        self._previous = [0] * len(self._ids)
        # From the least to the most preferred; a position needs a pair before it in the same text.
        start_before = len(self._ids) - len(before)
        self._index(range(start_before + 2, len(self._ids)))
        self._index(range(len(after), 2, -1))
        self._index(range(len(after) + 4, start_before))

    def extend(self, ids: Iterable[int]) -> None:
        """Adds tokens that were generated."""
        for id in ids:
            self._ids.append(id)
            self._previous.append(0)
            self._index(range(len(self._ids) - 1, len(self._ids)))

    def propose(self, most: int) -> list[int]:
        """At most `most` tokens that may come next: what followed an earlier occurrence of the last two or more.

        Empty where there was none.
        """
        best, best_length = 0, 1
        position = self._latest.get(self._ids[-2] << _PAIR_SHIFT | self._ids[-1], 0)
        for _ in range(MOST_CANDIDATES):
            if not position or best_length == LONGEST_MATCH:
                break
            length = self._match_length(position)
            if length > best_length:
                best, best_length = position, length
            position = self._previous[position]
        draft = self._ids[best : best + most] if best else []
        return draft[: draft.index(_BARRIER)] if _BARRIER in draft else draft

    def _index(self, positions: range) -> None:
        """Notes for each position, in this order, which pair of tokens stands before it."""
        ids, latest, previous = self._ids, self._latest, self._previous
        for position in positions:
            if ids[position] != _BARRIER:
                pair = ids[position - 2] << _PAIR_SHIFT | ids[position - 1]
                previous[position] = latest.get(pair, 0)
                latest[pair] = position

    def _match_length(self, position: int) -> int:
        """How many tokens before `position` are the last ones of the text."""
        ids, end = self._ids, len(self._ids)
        length = 0
        while length < LONGEST_MATCH and ids[position - 1 - length] == ids[end - 1 - length] != _BARRIER:
            length += 1
        return length


def _with_barriers(ids: list[int], barriers: frozenset[int]) -> list[int]:
    return [_BARRIER if id in barriers else id for id in ids]
