"""The windows around the cursor, with a tokenizer that has one token for each character of a line."""

from itertools import pairwise

from fim_prompts import windows_of
from seekline import fim


def test_a_small_file_is_shown_whole() -> None:
    prefix, suffix = windows_of("import a\r\nx = ▮ + 1\r\ny\r\n", prefix_tokens=100, suffix_tokens=100)
    assert prefix == "import a\nx = "
    assert suffix == " + 1\ny\n"


def test_windows_never_exceed_their_tokens() -> None:
    code = "".join(f"line number {n}\n" for n in range(50)) + "here ▮ there\n" + "after it\n" * 50
    for limit in range(1, 300, 7):
        prefix, suffix = windows_of(code, prefix_tokens=limit, suffix_tokens=limit, stride_lines=8)
        assert len(prefix) <= limit
        assert len(suffix) <= limit


def test_the_left_edge_stays_while_lines_are_typed() -> None:
    """Of 64 lines typed at the end of a long file, the window's head changes at one in eight."""
    head = "".join(f"line number {n}\n" for n in range(200))
    typed = ""
    edges = []
    for n in range(64):
        for character in f"typed {n}\n":
            typed += character
            prefix, _ = windows_of(head + typed + "▮", prefix_tokens=1000, suffix_tokens=0, stride_lines=8)
            edges.append(prefix.split("\n")[0])
            assert head.endswith(prefix.removesuffix(typed)) or prefix in typed
    changes = sum(a != b for a, b in pairwise(edges))
    assert 4 <= changes <= 64 / 8 + 1


def test_an_overlong_line_is_cut_in_steps() -> None:
    """Its start does not move with every character."""
    starts = set()
    for n in range(1000, 1200):
        text = "".join(chr(0x4E00 + i) for i in range(n))
        prefix, _ = windows_of(text + "▮", prefix_tokens=100, suffix_tokens=10)
        assert text.endswith(prefix)
        assert 0 < len(prefix) <= 100
        starts.add(prefix[0])
    assert len(starts) <= 200 / 25 + 1


def test_an_overlong_rest_of_line_is_cut_on_the_right() -> None:
    _, suffix = windows_of("x▮" + "y" * 500 + "\nnext\n", prefix_tokens=10, suffix_tokens=40)
    assert suffix == "y" * 40


def test_share_leaves_room_for_control_tokens_and_bounds_the_suffix() -> None:
    budget = fim.share(1000, control_tokens=4, suffix_limit_tokens=128)
    assert budget.prefix_tokens + budget.suffix_tokens + 4 == 1000
    assert budget.suffix_tokens == 128
    assert fim.share(100, control_tokens=4, suffix_limit_tokens=128).suffix_tokens == 24
    assert fim.share(0, control_tokens=4, suffix_limit_tokens=128).prefix_tokens == 0
