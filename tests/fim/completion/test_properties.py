"""What holds of everything that is shown, whatever the text, the cursor and the model's output."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from marked import place
from seekline import fim

PATHS = ("a.py", "a.js", "a.go", "a.c", "a.rb", "a.html", "a.sh", "a.unknown")
CONTROL = ("<｜fim▁hole｜>", "<|endoftext|>", "<fim_suffix>", "<｜end▁of▁sentence｜>", "<|im_end|>", "<EOT>")
CONTROL_TOKEN = re.compile(r"<[|｜]\w[\w▁]+[|｜]>|<fim_\w+>|<EOT>")
PAIRS = {")": "(", "]": "[", "}": "{"}

PIECES = r"""a bc foo ( ) [ ] { } " ' = , ; : . #x //y /* */ * ``` ```py def_f(): if(a){ return end else 0, é 🙂"""
BLANKS = (" ", "  ", "    ", "\t", "\n", "\n    ", "```py\n", "Here is the code:\n", "\ufffd")
pieces = st.sampled_from((*PIECES.split(), *BLANKS))
texts = st.lists(pieces, max_size=20).map("".join)
outputs = st.lists(st.one_of(pieces, st.sampled_from(CONTROL)), max_size=25).map("".join)
# Without quotes and comments, any count of brackets is the right one.
balanced = st.recursive(
    st.sampled_from(["a", "b, ", "x = 1\n", "\n  "]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(st.sampled_from(["()", "[]", "{}"]), inner).map(lambda found: found[0][0] + found[1] + found[0][1]),
    ),
    max_leaves=12,
)
seeded = settings(derandomize=True, max_examples=400, suppress_health_check=[HealthCheck.filter_too_much])


def completed(
    before: str, after: str, output: str, *, path: str = "a.py", explicit: bool = False, is_cut: bool = False
) -> tuple[str, fim.Shown | None]:
    """The document with the completion in it, and the completion."""
    document, cursor = place(before + "▮" + after, path)
    rule = fim.stop_rule(document, cursor, "block", explicit=explicit)
    made = fim.Output(document, cursor, rule)
    for character in output:
        if made.add(character):
            break
    shown = made.shown(is_cut=is_cut)
    if shown is None:
        return before + after, None
    return before + shown.text + after[shown.replaced_after :], shown


def unmatched(text: str) -> str:
    waiting: list[str] = []
    for character in re.findall(r"[()\[\]{}]", text):
        if waiting and PAIRS.get(character) == waiting[-1]:
            waiting.pop()
        else:
            waiting.append(character)
    return "".join(waiting)


@seeded
@given(texts, texts, outputs, st.sampled_from(PATHS), st.booleans(), st.booleans())
@example("f(", ")", "a).g(b)\n", "a.js", False, False)
@example("", "  ", " a", "a.py", False, False)
def test_only_the_range_changes_and_its_text_comes_again(
    before: str, after: str, output: str, path: str, explicit: bool, is_cut: bool
) -> None:
    _, shown = completed(before, after, output, path=path, explicit=explicit, is_cut=is_cut)
    if shown is None:
        return
    assert shown.text.strip()
    replaced = after[: shown.replaced_after]
    assert len(replaced) == shown.replaced_after
    assert "\n" not in replaced
    left = iter(shown.text)
    assert all(character in left for character in replaced)


@seeded
@example("(x = 1\n)", "a", [], "(x = 1\n)", "(x = 1\n)", False)
@given(balanced, balanced, st.lists(st.sampled_from("([{"), max_size=3), balanced, balanced, st.booleans())
def test_brackets_that_balanced_still_do(
    before: str, after: str, opened: list[str], inside: str, rest: str, closes: bool
) -> None:
    """The cursor is within brackets, and the model writes what balances, or closes those around it and goes on."""
    closed = "".join({"(": ")", "[": "]", "{": "}"}[opener] for opener in reversed(opened))
    before, after = before + "".join(opened), closed + "\n" + after
    output = inside + closed * closes + rest + "\n" + rest
    document, _ = completed(before, after, output, path="a.c")
    assert unmatched(document) == ""


@seeded
@given(texts, texts, outputs, st.sampled_from(PATHS))
def test_line_ends_of_windows_stay(before: str, after: str, output: str, path: str) -> None:
    before, after = before.replace("\n", "\r\n"), after.replace("\n", "\r\n")
    assume("\r\n" in before + after)
    document, _ = completed(before, after, output, path=path)
    assert not re.search(r"(?<!\r)\n|\r(?!\n)", document)


@seeded
@given(texts, texts, outputs, st.sampled_from(PATHS), st.booleans())
def test_no_control_token_and_nothing_unreadable_is_shown(
    before: str, after: str, output: str, path: str, is_cut: bool
) -> None:
    before, after = before.replace("\ufffd", ""), after.replace("\ufffd", "")
    _, shown = completed(before, after, output, path=path, is_cut=is_cut)
    assert shown is None or not CONTROL_TOKEN.search(shown.text)
    assert shown is None or "\ufffd" not in shown.text


@seeded
@given(texts, texts, outputs, st.sampled_from(PATHS))
def test_how_the_text_comes_in_makes_no_difference(before: str, after: str, output: str, path: str) -> None:
    document, cursor = place(before + "▮" + after, path)
    rule = fim.stop_rule(document, cursor, "block", explicit=False)
    one_by_one, at_once = (fim.Output(document, cursor, rule) for _ in range(2))
    written = ""
    for character in output:
        written += character
        if one_by_one.add(character):
            break
    at_once.add(written)
    assert one_by_one.shown() == at_once.shown()
    if one_by_one.is_complete:
        longer = fim.Output(document, cursor, rule)
        longer.add(output)
        assert longer.shown() == one_by_one.shown(), "what comes behind the end changes nothing"


@seeded
@given(texts, texts, outputs, st.sampled_from(PATHS))
def test_a_model_that_writes_what_is_shown_is_shown_the_same(before: str, after: str, output: str, path: str) -> None:
    """At the end of a line; behind the cursor, what is left out of the text stands already."""
    after = "\n" + after
    output = output.replace("```", "")  # the stop rule may leave a fence of a line that is none
    _, shown = completed(before, after, output, path=path)
    if shown is not None:
        assert completed(before, after, shown.text, path=path)[1] == shown
