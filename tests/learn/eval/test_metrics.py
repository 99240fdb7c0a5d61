"""What a completion is worth against what the file has."""

from __future__ import annotations

import pytest
from fake_engine import INFO, LIMITS
from seekline import model
from seekline.learn.eval.identifiers import identifiers
from seekline.learn.eval.metrics import MEASURES, Scores, f1, retained, score
from seekline.learn.eval.places import Place, place_at
from seekline.learn.middles.middle import Kind


def place(text: str, kind: Kind = "line") -> Place:
    """What stands between two `▮` is cut out."""
    before, answer, behind = text.split("▮")
    start = len(before)
    return place_at("shop.py", "python", before + answer + behind, start, start + len(answer), kind, "other")


LINE = place("total = 1\n▮result = total + rate▮\nreturn result\n")
BLOCK = place("if rate:\n    ▮total = 1\n    rate = 2▮\nprint()\n", "block")


@pytest.mark.parametrize(
    ("where", "text", "is_exact"),
    [
        (LINE, "result = total + rate", True),
        (LINE, "result = total + rate  \nand more", True),
        (LINE, "result = total", False),
        (LINE, "", False),
        (BLOCK, "total = 1\n    rate = 2\n", True),
        (BLOCK, "total = 1", False),
        (BLOCK, "total = 1\n    rate = 2\n    more()", False),
    ],
)
def test_exact_match(where: Place, text: str, is_exact: bool) -> None:
    scores = score(text, where, INFO, is_shown=True)
    assert scores.is_exact is is_exact
    assert (scores.similarity == 1) is is_exact


def test_first_token_without_a_tokenizer_is_the_first_character() -> None:
    assert score("rate", LINE, INFO, is_shown=False).is_first_token_right
    assert not score("total", LINE, INFO, is_shown=False).is_first_token_right
    assert not score("", LINE, INFO, is_shown=False).is_first_token_right


def test_the_first_token_is_the_model_s() -> None:
    tokenizer = model.Tokenizer(model.embedded_folder())
    info = model.EngineInfo(name="none", summary="", family=None, limits=LIMITS, tokenizer=tokenizer)
    assert score("result = 1", LINE, info, is_shown=False).is_first_token_right
    assert not score("rest", LINE, info, is_shown=False).is_first_token_right


@pytest.mark.parametrize(
    ("text", "path", "found"),
    [
        ("return self.total(rate, 'name') if None else True", "a.py", ["self", "total", "rate"]),
        ("for price in prices:  # of it", "a.py", ["price", "prices"]),
        ("const total: number = this.rate + `text`", "a.ts", ["total", "rate"]),
        ("fn total(&self) -> Vec<Rate> { None }", "a.rs", ["total", "Vec", "Rate", "None"]),
        ("$total = $this->rate;", "a.php", ["total", "this", "rate"]),
        ("@total = rate", "a.rb", ["@total", "rate"]),
        ('total := rate / 2 "name"', "a.unknown", ["total", "rate", "name"]),
        ("", "a.py", []),
    ],
)
def test_identifiers(text: str, path: str, found: list[str]) -> None:
    assert identifiers(text, path) == found


@pytest.mark.parametrize("text", ["((((", "'unclosed", "\x00\ud800", "é = ü", ")" * 5000])
def test_identifiers_of_odd_texts(text: str) -> None:
    assert isinstance(identifiers(text, "a.py"), list)


def test_identifier_match_is_of_the_sequence_and_f1_of_the_sets() -> None:
    swapped = score("rate = result + total", LINE, INFO, is_shown=False)
    assert (swapped.identifiers_match, swapped.identifiers_f1) == (False, 1.0)
    same = score("result = (total - rate)", LINE, INFO, is_shown=False)
    assert (same.identifiers_match, same.identifiers_f1) == (True, 1.0)
    assert f1({"a"}, {"a", "b", "c"}) == pytest.approx(0.5)
    assert f1(set(), {"a"}) == 0
    assert f1(set(), set()) == 1


@pytest.mark.parametrize(
    ("shown", "kept"),
    [
        ("result = total + rate", "result = total + rate"),
        ("result = total + rate\nreturn 1", "result = total + rate"),
        ("result = total * rate", "result = total "),
        ("result = totals", "result = "),
        ("result = tot", "result = "),
        ("result = total", "result = total"),
        ("results", ""),
        ("", ""),
    ],
)
def test_what_is_retained_ends_with_a_word(shown: str, kept: str) -> None:
    assert LINE.answer[: retained(shown, LINE.answer)] == kept


def test_nothing_is_retained_of_what_is_not_shown() -> None:
    assert score(LINE.answer, LINE, INFO, is_shown=False).retained_characters == 0
    assert score(LINE.answer, LINE, INFO, is_shown=True).retained_characters == len(LINE.answer)


def test_each_measure_is_a_ratio() -> None:
    scores = Scores(
        is_exact=True,
        similarity=0.5,
        is_first_token_right=True,
        identifiers_match=False,
        identifiers_f1=0.25,
        is_shown=False,
        retained_characters=3,
        cut_characters=12,
    )
    ratios = [scores.ratio(measure) for measure in MEASURES]
    assert ratios == [(1, 1), (0.5, 1), (1, 1), (0, 1), (0.25, 1), (0, 1), (0, 0), (3, 12)]
