"""The windows around the cursor, with a tokenizer that has one token for each character of a line."""

from itertools import pairwise

from fim_prompts import windows_of
from marked import place
from seekline import fim
from seekline.fim.prompt.budget import windows


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


def test_anchors_stay_when_the_prefix_is_cut() -> None:
    code = "import a\n" + "x = 1\n" * 40 + "def f():\n" + "y = 2\n" * 40 + "▮"
    document, cursor = place(code)
    budget = fim.Budget(prefix_tokens=120, suffix_tokens=0, stride_lines=4)
    shown = windows(document, cursor, budget, len, anchors=(0, 41))
    assert shown.prefix.startswith("import a\ndef f():\ny = 2\n")
    assert len(shown.prefix) <= 120


def test_anchors_in_the_window_are_not_repeated_and_never_fill_it() -> None:
    code = "".join(f"import m{n}\n" for n in range(30)) + "x = 1\n▮"
    document, cursor = place(code)
    budget = fim.Budget(prefix_tokens=100, suffix_tokens=0, stride_lines=4)
    shown = windows(document, cursor, budget, len, anchors=tuple(range(30)))
    lines = shown.prefix.splitlines()
    assert len(lines) == len(set(lines))
    assert lines[-1] == "x = 1"
    assert len(shown.prefix) <= 100


def test_other_files_get_what_a_short_document_leaves_over_in_coarse_steps() -> None:
    budget = fim.Budget(prefix_tokens=800, suffix_tokens=0, stride_lines=4)
    limits = []
    for length in range(0, 900, 10):
        document, cursor = place("abcdefghi\n" * (length // 10) + "▮")
        limits.append(fim.context_limit(document, cursor, budget, len))
    assert limits == sorted(limits, reverse=True)
    assert limits[0] > limits[-1] == 560
    assert len(set(limits)) <= 6
