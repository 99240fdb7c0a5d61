"""How sure a model is of what it writes, by the probabilities of its tokens."""

from __future__ import annotations

from math import exp

from ... import model

FIRST_TOKENS = 8


class Confidence:
    """Follows a completion piece by piece. `least`: how likely its first tokens have to be, as their geometric mean."""

    def __init__(self, least: float) -> None:
        self.log_probability = 0.0
        """Of all tokens together; 0 where the engine does not say."""
        self._least = least
        self._first: list[float] = []

    def add(self, piece: model.Piece, *, is_known: bool = False) -> bool:
        """Whether the completion may still be worth showing: decided once the first tokens are there. `is_known`: the
        piece says only what the user has typed, which the model was held to."""
        score = piece.log_probability
        if score is None:
            return True
        self.log_probability += score
        says_text = piece.ids or piece.text  # the last piece may have the score of the token that ends it
        if says_text and not is_known and len(self._first) < FIRST_TOKENS:
            self._first.append(score)
        return len(self._first) < FIRST_TOKENS or self.is_enough

    @property
    def of_first_tokens(self) -> float | None:
        """How likely the first tokens are, as many as there are; None where the engine does not say."""
        return exp(sum(self._first) / len(self._first)) if self._first else None

    @property
    def is_enough(self) -> bool:
        """Whether that is enough."""
        found = self.of_first_tokens
        return found is None or found >= self._least
