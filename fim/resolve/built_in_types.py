"""The types that come with a language. Data: built_in_types.toml."""

from __future__ import annotations

from functools import cache

from .._data import load_toml


@cache
def built_in_types(resolver: str) -> frozenset[str]:
    """Their names in the languages whose files a resolver finds."""
    return frozenset(load_toml("resolve/built_in_types.toml")[resolver])
