import pytest
from marked import MARK
from seekline import fim


@pytest.mark.parametrize(
    ("code", "worth"),
    [
        ("x = ▮", True),
        ("x = fo▮", True),
        ("f(▮)", True),
        ("def f():\n    ▮\n", True),
        ("fo▮o", False),
        ("a▮_b", False),
        ("▮", False),
        ("\n\n  ▮\nx = 1\n", False),
        ("x = f(a)▮\n", False),
        ("x = f(a▮)\n", True),
        ("f(a)▮ + 1\n", True),
        ("x = [1, 2]▮\n", False),
        ("f(a, b);▮\n", False),
        ("f(a,▮\n", False),
        ("f(a, ▮\n", True),
        ("name = 'it'▮\n", False),
        ("name = 'it▮'\n", True),
        ("name = '▮'\n", True),
        ("def f(a):▮\n", True),
        ("a.▮\n", True),
    ],
)
def test_worth_asking(code: str, worth: bool) -> None:
    written, _, following = code.partition(MARK)
    above, _, before = written.rpartition("\n")
    after = following.partition("\n")[0]
    assert fim.worth_asking(before, after, is_first_text=not above.strip()) is worth


@pytest.mark.parametrize(
    ("line", "language", "starts"),
    [
        ("x = 1", "python", ""),
        ("    x = 1", "python", "    "),
        ("    if x:", "python", "        "),
        ("\tif x {", "go", "\t\t"),
        ("func f() {", "go", "\t"),
        ("  if (x) {", "javascript", "    "),
        ("  x();", "javascript", "  "),
    ],
)
def test_how_the_next_line_starts(line: str, language: str, starts: str) -> None:
    assert fim.next_indentation(line, fim.language_named(language)) == starts
