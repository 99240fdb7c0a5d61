"""Speculative decoding without a second model: drafts copied from what was written before, and how long they should be.

A draft is verified by the model in one step, so that it changes how fast tokens come, never which ones. The text of a
program repeats itself: the tokens that followed the last few tokens earlier are a good guess (prompt lookup decoding,
Saxena 2023, https://github.com/apoorvumang/prompt-lookup-decoding; verified as in Leviathan et al., "Fast Inference
from Transformers via Speculative Decoding", ICML 2023, arXiv:2211.17192). It knows ids and milliseconds, no model.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain

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
        ended = ([*text, _BARRIER] for text in earlier)
        self._ids = [_BARRIER, *after, _BARRIER, *chain.from_iterable(ended), *before]
        if barriers := frozenset(barriers):
            self._ids = [_BARRIER if id in barriers else id for id in self._ids]
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

    def propose(self, width: int) -> list[int]:
        """At most `width` tokens that may come next: what followed an earlier occurrence of the last two or more.

        Empty where there was none.
        """
        best, best_length = 0, 1
        position = self._latest.get(self._ids[-2] << _PAIR_SHIFT | self._ids[-1], 0)
        for _ in range(MOST_CANDIDATES):
            if not position or best_length == LONGEST_MATCH:
                break
            if (length := self._match_length(position)) > best_length:
                best, best_length = position, length
            position = self._previous[position]
        draft = self._ids[best : best + width] if best else []
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


class Width:
    """How many tokens a draft should have: as many as bring the most tokens per millisecond.

    A draft of `width` tokens brings 1 + Σ a₁⋯aᵢ tokens, where aᵢ is the chance of its i-th token once those before it
    were accepted. The chances are measured, and old measurements fade; so are the costs. It outlives a completion.
    """

    def __init__(
        self, cost_ms: Mapping[int, float], *, memory_drafts: float = 32, probe_steps: int = 64, prior: float = 0.6
    ) -> None:
        """`cost_ms`: for each width that the device can verify what a step costs; width 0 is a step without a draft.

        `memory_drafts`: after how many drafts a measurement counts 1/e. `probe_steps`: where drafts do not pay, one is
        tried after so many steps. `prior`: the chance of a token before anything is measured. Raises ValueError where
        width 0 or a positive cost is missing.
        """
        if 0 not in cost_ms or min(cost_ms) < 0 or min(cost_ms.values()) <= 0:
            raise ValueError("the costs of steps are positive, and that of a step without a draft is among them")
        self._cost_ms = dict(sorted(cost_ms.items()))
        self._fading = 1 - 1 / memory_drafts
        self._probe_steps = probe_steps
        self._prior = prior
        self._steps_without = 0
        self._tried = [0.0] * max(cost_ms)
        self._passed = [0.0] * max(cost_ms)

    def choose(self, *, start_ms: float = 0.0, tokens: float = 1.0) -> int:
        """The width for the next step; 0 where drafts do not pay. Now and then it tries one nevertheless.

        `start_ms`: what it costs, beside the steps, to draft at all; so many `tokens` have to make up for it.
        """
        costs = {width: 1 / rate + (start_ms / tokens if width else 0) for width, rate in self._tokens_per_ms().items()}
        best = min(costs, key=costs.__getitem__)
        if best == 0 and len(costs) > 1:
            self._steps_without += 1
            if self._steps_without <= self._probe_steps:
                return 0
            del costs[0]
            best = min(costs, key=costs.__getitem__)
        self._steps_without = 0
        return best

    def accepted(self, proposed: int, accepted: int) -> None:
        """Notes that of a draft of `proposed` tokens the model agreed with the first `accepted`."""
        if not 0 <= accepted <= proposed:
            raise ValueError(f"{accepted} of {proposed} tokens cannot be accepted")
        for position in range(len(self._tried)):
            tried = position < min(proposed, accepted + 1)
            self._tried[position] = self._tried[position] * self._fading + tried
            self._passed[position] = self._passed[position] * self._fading + (position < accepted)

    def took(self, width: int, ms: float) -> None:
        """Notes what a step cost. Widths that were not given at the start are left out."""
        if width in self._cost_ms and ms > 0:
            self._cost_ms[width] += (ms - self._cost_ms[width]) * (1 - self._fading)

    def chances(self) -> list[float]:
        """For each position of a draft the chance of its token, once those before it were accepted.

        A position that was seldom tried lately is taken to be like the one before it.
        """
        chances: list[float] = []
        chance = self._prior
        for tried, passed in zip(self._tried, self._passed, strict=True):
            chance = (passed + chance) / (tried + 1)
            chances.append(chance)
        return chances

    def _tokens_per_ms(self) -> dict[int, float]:
        expected = [1.0]
        all_accepted = 1.0
        for chance in self.chances():
            all_accepted *= chance
            expected.append(expected[-1] + all_accepted)
        return {width: expected[width] / ms for width, ms in self._cost_ms.items()}
