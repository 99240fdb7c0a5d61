"""Random files of settings: whatever they say, they are settings or problems, in bounded time and memory."""

from __future__ import annotations

import gc
from pathlib import Path

import psutil
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from seekline.server.settings import config
from seekline.server.settings.settings import keys

MOST_GROWTH_BYTES = 60_000_000
EXAMPLES = 2000

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
quoted = st.one_of(text.map(lambda one: '"' + one.replace("\\", "\\\\").replace('"', '\\"') + '"'), text.map(repr))
scalars = st.one_of(
    st.integers().map(str),
    st.sampled_from(
        ["0x" + "f" * 40, "9" * 30, "9" * 5000, "1e999", "-inf", "nan", "true", "1979-05-27", "'''", '"""']
    ),
    st.floats().map(str),
    quoted,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: "[" + ", ".join(items) + "]"),
        st.dictionaries(quoted, inner, max_size=3).map(
            lambda items: "{" + ", ".join(f"{key} = {value}" for key, value in items.items()) + "}"
        ),
    ),
    max_leaves=8,
)
nested = st.tuples(st.integers(0, 2000), st.sampled_from(["[", "{a=", "[[", "'", '"""', "#"])).map(
    lambda one: one[1] * one[0]
)
names = st.one_of(st.sampled_from(sorted(keys())), quoted, text, st.integers(1, 2000).map(lambda n: ".".join("a" * n)))
lines = st.one_of(
    st.tuples(names, st.one_of(values, values, nested)).map(" = ".join),
    names.map(lambda name: f"[{name}]"),
    names.map(lambda name: f"[[{name}]]"),
    text,
)
right = st.sampled_from(["threads = 4", "temperature = 0.5", "debounce_ms = 9", "exclude = ['a*']", "# a comment", ""])
texts = st.lists(st.one_of(right, right, lines), max_size=6).map("\n".join)
files = st.one_of(texts.map(lambda one: one.encode("utf-8", "replace")), st.binary(max_size=200))


def test_settings_files(tmp_path: Path) -> None:
    """Each file gives a layer that can be settled; its problems are sentences."""
    path = tmp_path / "seekline.toml"
    seen = {"read": 0, "refused": 0}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        suppress_health_check=SLOW,
    )
    @given(files)
    def run(content: bytes) -> None:
        path.write_bytes(content)
        layer = config.read_file(path, own=False)
        assert layer is not None
        for problem in layer.problems:
            assert str(problem).startswith(str(path))
        config.merge([layer])
        seen["refused" if any(problem.fatal for problem in layer.problems) else "read"] += 1

    before = psutil.Process().memory_info().rss
    run()
    gc.collect()
    assert psutil.Process().memory_info().rss - before < MOST_GROWTH_BYTES
    assert min(seen.values()) > EXAMPLES // 10
