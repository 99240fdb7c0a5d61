"""Which files are never completed in and never shown to a model, by which rule, and what the user can do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from .ignore import Rules
from .secrets import secret_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """`problem` says which rule excludes the file, `remedy` how to change that; both are whole sentences."""

    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}"


def refusal_as_secret(path: str) -> Refusal | None:
    """The refusal of a file whose name, or that of a folder above it, is one that secrets have."""
    if not _is_excluded(secret_names(), path):
        return None
    return Refusal(
        problem=f"{path!r} is never completed in: its name is one that secrets have.",
        remedy="Rename it if there are none in it.",
    )


def refusal_by_setting(patterns: Sequence[str], rules: Rules, path: str) -> Refusal | None:
    """The refusal of a file that the setting `exclude` leaves out, by itself or by a folder above it.

    `rules`: those that `patterns` make.
    """
    if not _is_excluded(rules, path):
        return None
    return Refusal(
        problem=f"{path!r} is excluded by {_deciding(patterns, path)!r} in the setting exclude.",
        remedy="Change `exclude` in seekline.toml or in the editor's settings to have completions in it.",
    )


@lru_cache(256)
def matches(pattern: str, path: str) -> bool:
    """Whether a pattern as in .gitignore matches a file, or a folder that it is in."""
    return _is_excluded(Rules([pattern], source="a setting"), path)


def _is_excluded(rules: Rules, path: str) -> bool:
    return any(rules.verdict(entry, name, folder=is_folder) for entry, name, is_folder in _entries(path))


def _entries(path: str) -> Iterable[tuple[str, str, bool]]:
    """The folders on the way to a file, then the file: the path of each, its name, and whether it is a folder."""
    parts = path.split("/")
    for end in range(1, len(parts) + 1):
        yield "/".join(parts[:end]), parts[end - 1], end < len(parts)


def _deciding(patterns: Sequence[str], path: str) -> str:
    """The pattern that excludes the file: the last one that speaks of it has the say."""
    for pattern in reversed(patterns):
        if _is_excluded(Rules([pattern], source="the setting exclude"), path):
            return pattern
    return ", ".join(patterns)
