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
    ],
)
def test_worth_asking(code: str, worth: bool) -> None:
    written, _, following = code.partition(MARK)
    above, _, before = written.rpartition("\n")
    after = following.partition("\n")[0]
    assert fim.worth_asking(before, after, is_first_text=not above.strip()) is worth
