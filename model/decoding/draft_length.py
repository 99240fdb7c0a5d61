"""How long drafts should be, by accepted tokens and milliseconds (Leviathan et al., "Fast Inference from Transformers
via Speculative Decoding", ICML 2023, arXiv:2211.17192, section 3.5). Knows no model."""

from __future__ import annotations

from collections.abc import Mapping


class DraftLength:
    """How many tokens a draft should have: as many as bring the most tokens per millisecond.

    A draft of n tokens brings 1 + Σ a₁⋯aᵢ tokens, where aᵢ is the chance that its i-th token is accepted once those
    before it were. Chances and costs are measured over many completions, and old measurements fade.
    """

    def __init__(
        self, cost_ms: Mapping[int, float], *, memory_drafts: float = 32, probe_steps: int = 64, prior: float = 0.6
    ) -> None:
        """`cost_ms`: what a step costs for each length of a draft that the device can verify; 0 is a step without one.

        `memory_drafts`: after how many drafts a measurement counts 1/e. `probe_steps`: where drafts do not pay, one is
        tried after so many steps. `prior`: the chance of a token before anything is measured. Raises ValueError where
        length 0 or a positive cost is missing.
        """
        if 0 not in cost_ms or min(cost_ms) < 0 or min(cost_ms.values()) <= 0:
            raise ValueError("the costs of steps are positive, and that of a step without a draft is among them")
        self._cost_ms = dict(sorted(cost_ms.items()))
        self._fading = 1 - 1 / memory_drafts
        self._probe_steps = probe_steps
        self._prior = prior
        self._steps_without = 0
        self._tried = [0.0] * max(cost_ms)
        self._accepted = [0.0] * max(cost_ms)

    def anew(self) -> DraftLength:
        """One that knows what steps cost, and no chances yet."""
        return DraftLength(self._cost_ms)

    def choose(self, *, start_ms: float = 0.0, tokens: float = 1.0) -> int:
        """How long the next draft should be; 0 where drafts do not pay. Now and then it tries one nevertheless.

        `start_ms`: what it costs, beside the steps, to draft at all; so many `tokens` have to make up for it.
        """
        costs: dict[int, float] = {}
        for length, rate in self._tokens_per_ms().items():
            costs[length] = 1 / rate + (start_ms / tokens if length else 0)
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
            was_tried = position < min(proposed, accepted + 1)  # behind the first refused one nothing is tried
            was_accepted = position < accepted
            self._tried[position] = self._tried[position] * self._fading + was_tried
            self._accepted[position] = self._accepted[position] * self._fading + was_accepted

    def took(self, length: int, ms: float) -> None:
        """Notes what a step cost. Lengths that were not given at the start are left out."""
        if length in self._cost_ms and ms > 0:
            self._cost_ms[length] += (ms - self._cost_ms[length]) * (1 - self._fading)

    def chances(self) -> list[float]:
        """For each position of a draft the chance of its token, once those before it were accepted.

        A position that was seldom tried lately is taken to be like the one before it.
        """
        chances: list[float] = []
        chance = self._prior
        for tried, accepted in zip(self._tried, self._accepted, strict=True):
            chance = (accepted + chance) / (tried + 1)
            chances.append(chance)
        return chances

    def _tokens_per_ms(self) -> dict[int, float]:
        expected = [1.0]
        all_accepted = 1.0
        for chance in self.chances():
            all_accepted *= chance
            expected.append(expected[-1] + all_accepted)
        return {length: expected[length] / ms for length, ms in self._cost_ms.items()}
