"""No expression that sees a text of outside takes more than linear time, whatever the text.

The expressions are collected from the code and the data, so that a new one is driven without being named here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
import re2
from patterns import ROOT, Pattern, hostile_units, in_grammars, in_python, in_queries, in_secrets, in_syntax

SMALL, LARGE = 4_000, 16_000
# What says its expression at run time, and where that comes from.
FROM_DATA = {
    "fim/code/comments.py": "grammars.toml",
    "fim/code/grammars.py": "grammars.toml",
    "fim/completion/syntax.py": "syntax.toml",
    "fim/context/names/chains.py": "grammars.toml",
    "fim/context/traits.py": "grammars.toml",
    "model/catalogue/adapter_config.py": "adapter_config.json; tests/model/catalogue/test_adapter.py drives them",
    "model/chat_template.py": "control tokens, each escaped: a choice of texts",
    "server/workspace/secrets.py": "secrets.toml",
    "server/workspace/secret_rules.py": "secrets.toml",
    "server/workspace/glob.py": "patterns of ignore files; tests/server/workspace/test_ignore.py drives them",
}


def collected() -> Iterator[Pattern]:
    for layer in ("fim", "learn", "model", "server"):
        for path in sorted((ROOT / layer).rglob("*.py")):
            yield from in_python(path)
    yield from in_grammars()
    yield from in_syntax()
    yield from in_secrets()
    yield from in_queries()


PATTERNS = [pattern for pattern in dict.fromkeys(collected()) if pattern.text is not None]


def cost(run: Callable[[str], object], text: str, times: int) -> float:
    """The processor time that `run` takes at best: other processes do not count."""
    best = float("inf")
    for _ in range(times):
        start = time.thread_time()
        run(text)
        best = min(best, time.thread_time() - start)
    return best


def grows_too_fast(run: Callable[[str], object], unit: tuple[str, str, str]) -> bool:
    """Whether four times the text takes more than eight times as long; quadratic is sixteen. Seen three times in a row,
    since even processor time is not free of chance."""

    def text(length: int) -> str:
        return unit[0] + unit[1] * max(1, length // len(unit[1])) + unit[2]

    # What is exponential or cubic would never end: it shows in fewer characters.
    for length in (*range(8, 64, 4), 128, 256, 512, 1024, 2048):
        if all(cost(run, text(length), 1) > 0.1 for _ in range(3)):
            return True
    if cost(run, text(SMALL), 1) < 0.0005:  # quadratic, that is at least four times as long
        return False
    return all(cost(run, text(LARGE), 2) > 8 * max(0.0005, cost(run, text(SMALL), 3)) for _ in range(3))


def finder(pattern: Pattern) -> Callable[[str], object]:
    assert pattern.text is not None
    if pattern.engine == "re2":
        options = re2.Options()
        options.log_errors = False
        linear = re2.compile(pattern.text, options)
        return lambda text: [None for _ in linear.finditer(text)]
    expression = re.compile(pattern.text, pattern.flags)
    if pattern.anchored:
        return expression.match
    return lambda text: [None for _ in expression.finditer(text)]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: f"{pattern.place}: {pattern.text[:40]}")
def test_every_expression_takes_linear_time(pattern: Pattern) -> None:
    run = finder(pattern)
    slow = next((unit for unit in sorted(hostile_units(pattern)) if grows_too_fast(run, unit)), None)
    assert slow is None


def test_only_known_places_have_expressions_of_run_time() -> None:
    places = {pattern.place for pattern in collected() if pattern.text is None}
    assert places <= FROM_DATA.keys()


def test_no_other_engine_matches_texts_of_outside() -> None:
    for layer in ("fim", "learn", "model", "server"):
        for path in (ROOT / layer).rglob("*.py"):
            assert not re.search(
                r"^\s*(?:import|from) (?:fnmatch|glob|pathspec|regex)\b", path.read_text("utf-8"), re.M
            ), path


@pytest.mark.parametrize(
    "text", [r"(?:a|a)*b", r"(\w+\s?)*$", r"^\s*b", r"[\w$]*$", r"/\*.*?\*/", r"\w+\.\w+@", r"<a[^>]*b"]
)
def test_what_is_not_linear_is_seen(text: str) -> None:
    pattern = Pattern(place="here", text=text, flags=re.MULTILINE)
    run = finder(pattern)
    assert any(grows_too_fast(run, unit) for unit in hostile_units(pattern))
