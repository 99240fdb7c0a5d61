from __future__ import annotations

import random
from dataclasses import replace

from marked import place
from seekline.server.completion.cache import CompletionCache
from seekline.server.completion.completion import Completion
from seekline.server.documents.documents import OpenDocument, Surroundings


def around(code: str) -> Surroundings:
    document, cursor = place(code)
    found = OpenDocument("".join(document.lines), language_id="python").around(cursor.line, cursor.column, "utf-32")
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


def test_what_typing_along_costs_does_not_grow_with_the_column() -> None:
    """Counted in the characters that are cut out of the line before the cursor."""

    class Counted(str):
        cut = 0

        def __getitem__(self, key: object) -> str:
            part = str.__getitem__(self, key)  # type: ignore[arg-type]
            Counted.cut += len(part)
            return part

    counts = []
    for column in (1000, 16_000):
        cache = filled("x" * (column - 3) + "▮\n", "foo()")
        asked = around("x" * (column - 3) + "foo▮\n")
        Counted.cut = 0
        found = cache.get("uri", replace(asked, before=Counted(asked.before)), explicit=False)
        assert found is not None
        assert found.text == "()"
        counts.append(Counted.cut)
    assert counts == [3, 3]
