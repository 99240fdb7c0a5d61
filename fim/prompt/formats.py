"""Prompt formats per model family. Data: formats.toml."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from .._data import load_toml

Extent = Literal["line", "block"]
_OWN_BEGIN = "@bos"


@dataclass(frozen=True, slots=True)
class Text:
    """Ordinary text: whatever it spells, it never becomes a control token."""

    text: str


@dataclass(frozen=True, slots=True)
class Special:
    """One control token, by its exact spelling."""

    token: str


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of the prefix, the suffix or the document's path in a format."""

    name: Literal["prefix", "suffix", "path"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """The prompt of one model family; formats.toml says what each value means."""

    family: str
    title: str
    pieces: tuple[Special | Slot, ...]
    also: tuple[str, ...]
    extent: Extent
    healing: bool
    other_files: bool
    suffix_tokens: int | None
    least_probability: float
    least_probability_of_line: float
    least_token_probability: float

    @property
    def fills_in(self) -> bool:
        """Whether the model sees what stands after the cursor."""
        return Slot("suffix") in self.pieces

    @property
    def control_tokens(self) -> int:
        """How many control tokens a prompt has, whatever its text."""
        return sum(isinstance(piece, Special) for piece in self.pieces)

    def lacking(self, has_token: Callable[[str], bool]) -> list[str]:
        """The control tokens of this format that a vocabulary has not."""
        needed = [piece.token for piece in self.pieces if isinstance(piece, Special) and piece.token != _OWN_BEGIN]
        return [token for token in needed if not has_token(token)]

    def is_of(self, has_token: Callable[[str], bool]) -> bool:
        """Whether a vocabulary has all that this family's has."""
        return not self.lacking(has_token) and all(map(has_token, self.also))

    def with_begin(self, token: str | None) -> Format:
        """This format with its begin token settled: `token`, or none where the tokenizer has none."""
        own = [] if token is None else [Special(token)]
        pieces = tuple(p for piece in self.pieces for p in (own if piece == Special(_OWN_BEGIN) else [piece]))
        return replace(self, pieces=pieces)


@cache
def all_formats() -> Mapping[str, Format]:
    """Every format by its family."""
    return {
        family: Format(
            family=family,
            title=row["title"],
            pieces=tuple(Special(p["special"]) if "special" in p else Slot(p["text"]) for p in row["pieces"]),
            also=tuple(row.get("also", ())),
            extent=row["extent"],
            healing=row.get("healing", False),
            other_files=row.get("other_files", True),
            suffix_tokens=row.get("suffix_tokens"),
            least_probability=row.get("least_probability", 0.0),
            least_probability_of_line=row.get("least_probability_of_line", 0.0),
            least_token_probability=row.get("least_token_probability", 0.0),
        )
        for family, row in load_toml("prompt/formats.toml").items()
    }


def prefix_and_suffix() -> Format:
    """For a server that is given the two texts and puts them together itself, as its model wants them."""
    plain = all_formats()["plain"]
    return replace(plain, family="", title="Put together by the server", pieces=(Slot("prefix"), Slot("suffix")))


def recognise_name(name: str) -> Format:
    """The format of the family that a model is named after; left to right where it is named after none.

    A name has many forms, `owner/DeepSeek-Coder-6.7B-base`, `qwen2.5-coder:7b-base-q4_0`, a file: its letters count.
    """
    formats = all_formats()
    named = _letters(name)
    families = [family for family in formats if _letters(family) in named]
    return formats[max(families, key=len, default="plain")]


def _letters(name: str) -> str:
    return re.sub("[^a-z]+", "", name.lower())


def recognise(has_token: Callable[[str], bool]) -> Format:
    """The first format whose control tokens the model's vocabulary has; left to right when there is none."""
    for format in all_formats().values():
        if format.is_of(has_token):
            return format
    raise AssertionError("formats.toml has no format without control tokens")
