"""Facts and their weights belong together, and each fact is noted somewhere."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
import tomli
from seekline.fim.code.outline import Kind
from seekline.fim.context.facts import GROUP_SIZE, KIND, Fact

CONTEXT = Path(__file__).parents[3] / "fim" / "context"
KEYS = tomli.loads((CONTEXT / "weights.toml").read_text("utf-8")).keys()


def differences(facts: Collection[str], keys: Collection[str]) -> list[str]:
    """Facts without a weight, and weights without a fact; `bias` is the worth of nothing at all."""
    missing = [f"no weight: {fact}" for fact in facts if fact not in keys]
    return missing + [f"no fact: {key}" for key in keys if key not in facts and key != "bias"]


def test_each_fact_has_a_weight_and_each_weight_a_fact() -> None:
    assert differences([fact.value for fact in Fact], KEYS) == []
    assert "bias" in KEYS


@pytest.mark.parametrize("name", ["receiver", "kind class"])
def test_a_missing_one_is_seen(name: str) -> None:
    facts = [fact.value for fact in Fact]
    others = [fact for fact in facts if fact != name]
    assert differences(facts, {*others, "bias"}) == [f"no weight: {name}"]
    assert differences(others, {*facts, "bias"}) == [f"no fact: {name}"]


def test_each_fact_is_noted() -> None:
    noted = {Fact[name] for name in _named_in_code()} | set(GROUP_SIZE.values()) | set(KIND.values())
    assert noted == set(Fact)


def test_each_kind_of_definition_has_its_fact() -> None:
    assert set(KIND) == set(Kind.__args__)


def _named_in_code() -> Iterator[str]:
    for path in CONTEXT.rglob("*.py"):
        if path.name != "facts.py":
            yield from re.findall(r"\bFact\.([A-Z_]+)", path.read_text("utf-8"))
