import pytest
from marked import place
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
    assert fim.worth_asking(*place(code)) is worth
