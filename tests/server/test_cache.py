from __future__ import annotations

from marked import place
from seekline.server.cache import CompletionCache


def filled(code: str, completion: str | None) -> CompletionCache:
    cache = CompletionCache()
    cache.put("uri", *place(code), completion, explicit=False)
    return cache


def get(cache: CompletionCache, code: str, *, uri: str = "uri", explicit: bool = False) -> tuple[str | None] | None:
    return cache.get(uri, *place(code), explicit=explicit)


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
        cache.put("uri", *place(f"a{number} = ▮\n"), "1", explicit=False)
    assert get(cache, "first = ▮\n") is None
    assert get(cache, "a199 = ▮\n") == ("1",)
    cache.clear()
    assert get(cache, "a199 = ▮\n") is None


def test_a_change_of_another_document_makes_them_stale() -> None:
    cache = filled("a = ▮\n", "1")
    cache.put("other", *place("b = ▮\n"), "2", explicit=False)
    cache.changed("other")
    assert get(cache, "a = ▮\n") is None
    assert get(cache, "b = ▮\n", uri="other") == ("2",)


def test_a_completion_under_way_knows_whether_it_is_still_good() -> None:
    cache = CompletionCache()
    moment = cache.moment("uri")
    cache.changed("uri")
    assert cache.moment("uri") == moment, "its own text is part of the question"
    cache.changed("other")
    assert cache.moment("uri") != moment
    moment = cache.moment("uri")
    cache.clear()
    assert cache.moment("uri") != moment
