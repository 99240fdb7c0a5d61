"""How good one completion is: what was completed at a place against what the file has there. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ... import model
from ..similarity import edit_similarity
from .identifiers import identifiers
from .places import Place

MEASURES = (
    "exact_match",
    "edit_similarity",
    "first_token",
    "identifier_match",
    "identifier_f1",
    "shown",
    "right_of_shown",
    "retained",
)
"""In the order in which they are told. Each is a ratio of two sums over places (`Scores.ratio`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """`is_exact`: the text is what was cut. `similarity`: of both, 1 minus the edit distance as a share of the longer
    one. `identifiers_match`: both have the same identifiers in the same order; `identifiers_f1`: of their sets
    (Ding et al., "CrossCodeEval", 2023, section 3.3). `retained_characters`: of the `cut_characters`, how many a user
    would keep of what is shown while they type, if they took it and deleted from the first wrong word on: those of the
    beginning that agrees with the file, up to the last whole word. Nothing is retained of what is not shown.
    """

    is_exact: bool
    similarity: float
    is_first_token_right: bool
    identifiers_match: bool
    identifiers_f1: float
    is_shown: bool
    retained_characters: int
    cut_characters: int

    def ratio(self, measure: str) -> tuple[float, float]:
        """What a place adds above and below the line: most measures are means over places; `right_of_shown` one over
        those where something is shown, `retained` one over characters."""
        above: dict[str, float] = {
            "exact_match": self.is_exact,
            "edit_similarity": self.similarity,
            "first_token": self.is_first_token_right,
            "identifier_match": self.identifiers_match,
            "identifier_f1": self.identifiers_f1,
            "shown": self.is_shown,
            "right_of_shown": self.is_exact and self.is_shown,
            "retained": self.retained_characters,
        }
        below = {"right_of_shown": self.is_shown, "retained": self.cut_characters}
        return float(above[measure]), float(below.get(measure, 1))


def counted(text: str, place: Place) -> str:
    """What of a completion is compared with what was cut: at a line the rest of that line, else all; no blanks at the
    end."""
    return text.split("\n", 1)[0].rstrip() if place.kind == "line" else text.rstrip()


def score(text: str, place: Place, info: model.EngineInfo, *, is_shown: bool) -> Scores:
    """`text`: all that was completed, with `\\n` as line ends. `info`: the model whose tokens are meant."""
    own, answer = counted(text, place), place.answer
    found, wanted = identifiers(own, place.path), identifiers(answer, place.path)
    return Scores(
        is_exact=own == answer,
        similarity=edit_similarity(own, answer),
        is_first_token_right=first_token(own, info) == first_token(answer, info),
        identifiers_match=found == wanted,
        identifiers_f1=f1(set(found), set(wanted)),
        is_shown=is_shown,
        retained_characters=retained(text, answer) if is_shown else 0,
        cut_characters=len(answer),
    )


def first_token(text: str, info: model.EngineInfo) -> object:
    """The first token of a text; its first character where the engine alone has the tokenizer."""
    return next(iter(info.tokenizer.encode_text(text) if info.tokenizer else text), None)


def f1(found: set[str], wanted: set[str]) -> float:
    """1 where there are none in either."""
    if not found and not wanted:
        return 1.0
    return 2 * len(found & wanted) / (len(found) + len(wanted))


def retained(shown: str, answer: str) -> int:
    """How many characters of the answer stay; see `Scores`."""
    agreeing = 0
    while agreeing < min(len(shown), len(answer)) and shown[agreeing] == answer[agreeing]:
        agreeing += 1
    if agreeing == len(answer):
        return len(answer)
    if _is_word(answer[agreeing]) or _is_word(shown[agreeing : agreeing + 1]):
        while agreeing and _is_word(shown[agreeing - 1]):
            agreeing -= 1
    return agreeing


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
