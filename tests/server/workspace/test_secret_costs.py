"""Hiding secrets takes linear time whatever a file says, and changes nothing but the lines that it empties."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_secrets import fill
from seekline.server.workspace import secrets
from seekline.server.workspace.secret_rules import groups, table
from seekline.server.workspace.secrets import without_secrets

FORMS: dict[str, list[str]] = tomli.loads(Path(__file__).with_name("secret_forms.toml").read_text("utf-8"))
FACTOR = 4
LIMIT = 2.2 * FACTOR  # seen once in three times, since even processor time is not free of chance
LITERAL = re.compile(r"[A-Za-z0-9_:/=\"'<>.@ -]{3,}")


def cpu_seconds(work: Callable[[], object]) -> float:
    """The least of several measurements of this thread alone, which a busy machine does not lengthen much."""
    taken: list[float] = []
    for _ in range(3):
        begin = time.thread_time()
        work()
        taken.append(time.thread_time() - begin)
    return min(taken)


def growth(text_of: Callable[[int], str], count: int, name: str = "a.yml") -> float:
    """How many times longer a text takes that is FACTOR times as long: FACTOR is linear, its square quadratic."""
    short = text_of(count).splitlines(keepends=True)
    long = text_of(FACTOR * count).splitlines(keepends=True)
    without_secrets(long, name)  # RE2 makes its states
    base = cpu_seconds(lambda: without_secrets(short, name))
    return cpu_seconds(lambda: without_secrets(long, name)) / max(base, 0.001)


def own_literals() -> list[str]:
    """What the rules look for, as far as it is literal: the text that is likeliest to keep them busy."""
    found: set[str] = set()
    for row in table()["rules"].values():
        for expression in [*row["near"], row["pattern"]]:
            found.update(LITERAL.findall(expression))
    return sorted(found)


HOSTILE = {
    "parts of a JWT": lambda n: "eyJ-" * n,
    "parts of a JWT in lines": lambda n: ("eyJ-" * 300 + "\n") * (n // 300),
    "quotes": lambda n: '"' * n,
    "quotes in lines": lambda n: ('"' * 1500 + "\n") * (n // 1500),
    "names": lambda n: "password=" * n,
    "names in lines": lambda n: ("password=" * 200 + "\n") * (n // 200),
    "names without values": lambda n: "password =\n" * n,
    "refused values": lambda n: ('password = "user.name", ' * 50 + "\n") * (n // 50),
    "open literals": lambda n: 'password = "' * n + "\n",
    "literals in pieces": lambda n: 'password = "a" +\n' + '"a" +\n' * n,
    "keys without an end": lambda n: "-----BEGIN PRIVATE KEY-----\n" * n,
    "open block scalars": lambda n: "".join(f"{' ' * (row % 50)}password: |\n" for row in range(n)),
    "addresses": lambda n: ("://a:" * 300 + "\n") * (n // 300),
    "connection strings": lambda n: ("server=a;" * 200 + "\n") * (n // 200),
    "spaces": lambda n: "password" + " " * n + '"',
    "one long line": lambda n: "password = " + "a1!" * n,
    "blank lines": lambda n: "password =" + "\n" * n + '"hunter2!"',
    "escapes": lambda n: 'password = "' + "\\" * n,
    "not Latin": lambda n: "\u043f\u0430\u0440\u043e\u043b\u044c password = 'é1!\u4e2d'\n" * (n // 10),
    "deeper and deeper": lambda n: "".join(f"{' ' * (row % 1500)}password: |\n" for row in range(n // 2)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_take_linear_time(name: str) -> None:
    assert any(growth(HOSTILE[name], 1500) < LIMIT for _ in range(3))


def test_the_rules_own_literals_repeated_take_linear_time() -> None:
    """All together: a rule that were quadratic in one of them would show in the sum."""
    literals = own_literals()
    assert len(literals) > 150

    def text_of(count: int) -> str:
        repeated = (f"{literal}" * (1500 // len(literal)) + "\n" for literal in literals)
        return "".join(line * count for line in repeated)

    assert any(growth(text_of, 1) < LIMIT for _ in range(3))


@pytest.mark.parametrize("text", ["eyJ-" * 200_000, '"' * 500_000, "password=" * 300_000, "a1!" * 350_000 + "password"])
def test_no_rule_looks_at_a_line_of_a_megabyte(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(*arguments: object) -> None:
        raise AssertionError("a rule was tried")

    monkeypatch.setattr(secrets, "_look", look)
    suspected = any(group.near.search(text.encode("latin-1")) for group in groups())
    assert without_secrets([f"{text}\n"], "a.py") == ("\n" if suspected else f"{text}\n",)


def test_a_rule_that_keeps_refusing_gives_the_line_up() -> None:
    line = 'password = "user.name", ' * (secrets.MAX_REFUSALS + 1)
    assert len(line) < secrets.MAX_LINE_CHARACTERS
    assert without_secrets([line], "a.py") == ("",)
    assert without_secrets(['password = "user.name", ' * 3], "a.py") != ("",)


PIECES = [
    *[
        'password = "',
        "password: |\n",
        '"hunter2!"',
        "hunter2!",
        " +\n",
        " \\\n",
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        "  ",
        '"',
        "'",
    ],
    *[
        "token",
        " = ",
        ": ",
        "=",
        ",",
        "(",
        ")",
        "{",
        "}",
        "eyJhbGciOiJIUzI1NiJ9.",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj",
    ],
    *[
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "kind: Secret\n",
        "data:\n",
        "---\n",
        "x",
        "é",
        "\u4e2d",
    ],
    *["login bob ", "machine m ", "password ", "://u:p4ss@h", "value", "api_key", "a1B2c3D4e5F6g7H8", "\ud800", "\x0b"],
]
FORM = st.sampled_from([form for rows in FORMS.values() for form in rows])


@st.composite
def texts(draw: st.DrawFn) -> str:
    made = st.builds(lambda form, random: fill(form, random)[0], FORM, st.randoms(use_true_random=False))
    return "".join(draw(st.lists(st.one_of(st.sampled_from(PIECES), made), max_size=25)))


@settings(max_examples=200, deadline=None)
@given(texts(), st.sampled_from(["a.py", "a.yml", "a.sh", "Dockerfile"]))
def test_hiding_empties_whole_lines_and_hides_the_same_again(text: str, name: str) -> None:
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", text)
    found = without_secrets(lines, name)
    assert len(found) == len(lines)
    for before, after in zip(lines, found, strict=True):
        assert after in (before, before[len(before.rstrip("\r\n")) :])
    assert without_secrets(found, name) == found
