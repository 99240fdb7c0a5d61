from __future__ import annotations

import random
from dataclasses import replace

import pytest
from marked import place
from seekline.server.completion.cache import CLOSING, CompletionCache
from seekline.server.completion.completion import Completion
from seekline.server.documents.documents import Change, OpenDocument, Surroundings
from seekline.server.documents.rope import Place, Rope


def around(code: str) -> Surroundings:
    document, cursor = place(code)
    return at(OpenDocument("".join(document.lines), language_id="python"), cursor.line, cursor.column)


def at(document: OpenDocument, line: int, column: int) -> Surroundings:
    found = document.around(line, column, "utf-32")
    assert found is not None
    return found


def completed(text: str | None) -> Completion:
    return Completion(text=text, source="engine")


def filled(code: str, completion: str | None) -> CompletionCache:
    cache = CompletionCache()
    cache.put("uri", around(code), completed(completion), explicit=False)
    return cache


def get(cache: CompletionCache, code: str, *, uri: str = "uri", explicit: bool = False) -> tuple[str | None] | None:
    """The known text in a tuple; None where nothing is known."""
    known = cache.get(uri, around(code), explicit=explicit)
    return None if known is None else (known.text,)


def test_the_same_place_again() -> None:
    assert get(filled("a = ▮\nb\n", "1 + 2"), "a = ▮\nb\n") == ("1 + 2",)


def test_nothing_to_show_is_an_answer_too() -> None:
    cache = filled("a = ▮\n", None)
    assert get(cache, "a = ▮\n") == (None,)
    assert get(cache, "a = 1▮\n") is None


def test_typing_along() -> None:
    cache = filled("a = ▮\nb\n", "foo(x)\nbar")
    assert get(cache, "a = f▮\nb\n") == ("oo(x)\nbar",)
    assert get(cache, "a = foo(x)▮\nb\n") == ("\nbar",)


def test_typing_something_else() -> None:
    cache = filled("a = ▮\nb\n", "foo")
    assert get(cache, "a = b▮\nb\n") is None
    assert get(cache, "a = foo▮\nb\n") is None
    assert get(cache, "a =▮\nb\n") is None


def test_any_other_text_is_another_place() -> None:
    cache = filled("x\na = ▮ c\nb\n", "1")
    for code in ("y\na = ▮ c\nb\n", "x\na = ▮ d\nb\n", "x\na = ▮ c\nB\n", "x\n\na = ▮ c\nb\n"):
        assert get(cache, code) is None
    assert get(cache, "x\na = ▮ c\nb\n", uri="other") is None
    assert get(cache, "x\na = ▮ c\nb\n", explicit=True) is None


def test_it_stays_small_and_forgets_when_told() -> None:
    cache = filled("first = ▮\n", "1")
    for number in range(200):
        cache.put("uri", around(f"a{number} = ▮\n"), completed("1"), explicit=False)
    assert get(cache, "first = ▮\n") is None
    assert get(cache, "a199 = ▮\n") == ("1",)
    cache.clear()
    assert get(cache, "a199 = ▮\n") is None


def test_a_change_of_another_document_makes_them_stale() -> None:
    cache = filled("a = ▮\n", "1")
    cache.put("other", around("b = ▮\n"), completed("2"), explicit=False)
    cache.changed("other")
    assert get(cache, "a = ▮\n") is None
    assert get(cache, "b = ▮\n", uri="other") == ("2",)


def test_a_completion_under_way_knows_whether_it_is_still_good() -> None:
    cache = CompletionCache()
    version = cache.version("uri")
    cache.changed("uri")
    assert cache.version("uri") == version, "its own text is part of the question"
    cache.changed("other")
    assert cache.version("uri") != version
    version = cache.version("uri")
    cache.clear()
    assert cache.version("uri") != version


def test_typing_along_as_it_is_defined() -> None:
    """Against the definition: of the completions that were made where less was typed, the one that was typed along."""
    for seed in range(300):
        chance = random.Random(seed)
        cache, made = CompletionCache(), dict[str, str | None]()
        for _ in range(6):
            before = "".join(chance.choices("ab", k=chance.randrange(5)))
            made[before] = None if chance.random() < 0.2 else "".join(chance.choices("ab", k=chance.randrange(1, 6)))
            cache.put("uri", around(f"{before}▮\n"), completed(made[before]), explicit=False)
        before = "".join(chance.choices("ab", k=chance.randrange(8)))
        expected = None
        for end in range(len(before) + 1):
            start, typed = before[:end], before[end:]
            if start in made and (not typed or ((made[start] or "").startswith(typed) and made[start] != typed)):
                expected = ((made[start] or "")[len(typed) :] if typed else made[start],)
        assert get(cache, f"{before}▮\n") == expected


def test_what_typing_along_costs_does_not_grow_with_the_column(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in the characters that are cut out of the document."""
    cut = 0

    def counted(rope: Rope, place: Place, characters: int) -> str:
        nonlocal cut
        found = text(rope, place, characters)
        cut += len(found)
        return found

    text = Rope.text
    monkeypatch.setattr(Rope, "text", counted)
    counts = []
    for column in (1000, 16_000):
        document = OpenDocument("x" * column + "\n", language_id="python")
        cache = CompletionCache()
        cache.put("uri", at(document, 0, column), completed("foo()"), explicit=False)
        document.apply(Change(text="foo", start=(0, column), end=(0, column)), "utf-32")
        cut = 0
        found = cache.get("uri", at(document, 0, column + 3), explicit=False)
        assert found is not None
        assert found.text == "()"
        counts.append(cut)
    assert counts == [3, 3]


def after(code: str, completion: str, typed: str) -> tuple[str | None, tuple[int, int]] | None:
    """What is known once the `▮` in a document has become `typed`, with a `▮` where the cursor is then."""
    document, cursor = place(code)
    opened = OpenDocument("".join(document.lines), language_id="python")
    cache = CompletionCache()
    cache.put("uri", at(opened, cursor.line, cursor.column), completed(completion), explicit=False)
    start = (cursor.line, cursor.column)
    opened.apply(Change(text=typed.replace("▮", ""), start=start, end=start), "utf-32")
    before = typed.partition("▮")[0].replace("\r\n", "\n")
    line = cursor.line + before.count("\n")
    column = len(before) - before.rfind("\n") - 1 if "\n" in before else cursor.column + len(before)
    found = cache.get("uri", at(opened, line, column), explicit=False)
    return None if found is None else (found.text, found.replaced)


def test_typing_along_over_lines() -> None:
    code = "def f():▮\n\n\nf()\n"
    assert after(code, "\n    a = 1\n    return a", "\n    a▮") == (" = 1\n    return a", (0, 0))
    assert after(code, "\n    a = 1\n    return a", "\n    a = 1\n    ▮") == ("return a", (0, 0))
    assert after(code, "\n    a = 1\n    return a", "\n  a▮") is None


def test_typing_along_in_a_file_with_other_line_ends() -> None:
    code = "if x:▮\r\ny\r\n"
    assert after(code, "\n    a = 1\n    b()", "\r\n    a = 1\r\n▮") == ("    b()", (0, 0))
    assert after(code, "\r\n    a = 1\r\n    b()", "\r\n    a▮") == (" = 1\r\n    b()", (0, 0))
    assert after("▮\r\n", "each(x => {\r\n  use(x);\r\n});", "each(x => {\r\n  ▮\r\n})") == ("use(x);", (0, 0))


def test_brackets_and_quotes_that_the_editor_closes() -> None:
    """The same text comes out, whether the closer stands there already or not."""
    assert after("▮\n", "foo(a, b)", "foo(▮)") == ("a, b", (0, 0))
    assert after("▮\n", 'say("hello")', 'say("▮")') == ("hello", (0, 0))
    assert after("▮\n", "foo(a).bar()", "foo(▮)") == ("a).bar()"[:-1], (0, 0))
    assert after("▮\n", "foo(a)[0]", "foo(▮)") == ("a)[0]", (0, 1))
    assert after("each(▮)\n", "x => {\n  use(x);\n}", "x => {\n  ▮\n}") == ("use(x);", (0, 0))
    assert after("▮\n", "foo bar", "foo(▮)") is None
    assert after("▮\n", "foo(a, b", "foo(▮)") is None
    assert after("▮\n", "foo(a, b)", "foo(▮c)") is None


def test_a_place_that_the_user_comes_back_to() -> None:
    """What was typed and taken back leaves the completion of before."""
    document = OpenDocument("a = \n", language_id="python")
    cache = CompletionCache()
    cache.put("uri", at(document, 0, 4), completed("foo()"), explicit=False)
    document.apply(Change(text="fx", start=(0, 4), end=(0, 4)), "utf-32")
    assert cache.get("uri", at(document, 0, 6), explicit=False) is None
    document.apply(Change(text="", start=(0, 5), end=(0, 6)), "utf-32")
    found = cache.get("uri", at(document, 0, 5), explicit=False)
    assert found is not None
    assert found.text == "oo()"


def test_what_was_invoked_is_known_to_who_types_along() -> None:
    cache = CompletionCache()
    cache.put("uri", around("a = ▮\n"), completed("foo()"), explicit=True)
    assert get(cache, "a = f▮\n") == ("oo()",)
    assert get(cache, "a = f▮\n", explicit=True) == ("oo()",)


def test_a_completion_that_replaces_text() -> None:
    """What stands behind the cursor gives way as before; of what stands before it, the rest says nothing."""
    for replaced, expected in (((0, 1), ("oo)(", (0, 1))), ((1, 0), None)):
        document = OpenDocument("a = )\n", language_id="python")
        cache = CompletionCache()
        cache.put("uri", at(document, 0, 4), replace(completed("foo)("), replaced=replaced), explicit=False)
        document.apply(Change(text="f", start=(0, 4), end=(0, 4)), "utf-32")
        found = cache.get("uri", at(document, 0, 5), explicit=False)
        assert (None if found is None else (found.text, found.replaced)) == expected


def test_typing_along_ends_where_accepting_at_once_would() -> None:
    """Whatever was typed of a completion, and closed by the editor: accepting the rest gives the same text, but for
    closers that it would leave out behind others on lines of their own."""
    chance = random.Random(7)
    for _ in range(2000):
        text = "".join(chance.choices(["a", "b(", ")", "[", "]", '"', "\n", "  ", ";"], k=chance.randrange(1, 12)))
        typed = text[: chance.randrange(1, len(text) + 1)]
        closed = "".join(chance.choices([")", "]", '"', "\n"], k=chance.randrange(3)))
        before, behind = "x = ", chance.choice(["", ")", " y"]) + "\n"
        document = OpenDocument(before + behind, language_id="python")
        cache = CompletionCache()
        cache.put("uri", at(document, 0, 4), completed(text), explicit=False)
        document.apply(Change(text=typed + closed, start=(0, 4), end=(0, 4)), "utf-32")
        lines = (before + typed).split("\n")
        found = cache.get("uri", at(document, len(lines) - 1, len(lines[-1])), explicit=False)
        if found is None:
            continue
        assert found.text
        accepted = before + typed + found.text + (closed + behind)[found.replaced[1] :]
        whole = before + text + behind
        if accepted != whole:
            assert "\n" in closed
            left_out = len(whole) - len(accepted)
            same = next(n for n in range(len(accepted) + 1) if accepted[n:] == whole[n + left_out :])
            assert accepted[:same] == whole[:same]
            assert not whole[same : same + left_out].strip(CLOSING)
