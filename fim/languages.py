"""The language table: which language a file is in, and how its comments are written. Data: languages.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from ._data import load_toml

_COMMON = "*"
_NAME_PARTS = ("_", ".", "@", "$", ":")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """What a line ends with that opens a block, and what a line starts with that ends one."""

    openers: tuple[str, ...]
    closers: tuple[str, ...]

    def opens(self, line: str) -> bool:
        """Whether a line ends with an opener; one that is a word is a whole one, and no member."""
        text = line.rstrip()
        return any(text.endswith(opener) and _stands_alone(text, opener) for opener in self.openers)

    def closes(self, line: str) -> bool:
        """Whether a line starts with a closer; one that is a word is a whole one."""
        text = line.lstrip()
        for closer in self.closers:
            behind = text[len(closer) : len(closer) + 1]
            if text.startswith(closer) and not (closer[-1].isalnum() and (behind.isalnum() or behind == "_")):
                return True
        return False


def _stands_alone(text: str, opener: str) -> bool:
    before = text[: -len(opener)]
    return not opener[0].isalnum() or not (before[-1:].isalnum() or before.endswith(_NAME_PARTS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How names are written: what they have beside letters, digits and underscores (`characters`), what they may end
    with (`endings`), and what stands before them and belongs to them (`sigils`)."""

    characters: str
    endings: str
    sigils: str

    def before(self, text: str) -> str:
        """The name that `text` ends with, as far as it is written; empty where it ends with none.

        A letter is what Unicode has as one (UAX 31), in any script.
        """
        start = len(text)
        if text[-1:] and text[-1] in self.endings and self._belongs(text[-2:-1]):
            start -= 1
        while self._belongs(text[start - 1 : start]):
            start -= 1
        while start and text[start - 1] in self.sigils:
            start -= 1
        return text[start:]

    def _belongs(self, character: str) -> bool:
        return character != "" and (character in self.characters or f"_{character}".isidentifier())


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language: `name` as DeepSeek Coder's README spells it, the rest as languages.toml describes."""

    name: str
    lsp_ids: tuple[str, ...]
    extensions: tuple[str, ...]
    filenames: tuple[str, ...] = ()
    line_comment: str | None = None
    block_comment: tuple[str, str] | None = None
    names: Names
    blocks: Blocks


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    return load_toml("languages.toml")


def _blocks(row: Mapping[str, Any]) -> Blocks:
    return Blocks(openers=tuple(row["block_openers"]), closers=tuple(row["block_closers"]))


def _names(row: Mapping[str, Any]) -> Names:
    return Names(characters=row["name_characters"], endings=row["name_endings"], sigils=row["sigils"])


@cache
def all_languages() -> Mapping[str, Language]:
    """Every language by its name."""
    common = _table()[_COMMON]
    return {
        name: Language(
            name=name,
            lsp_ids=tuple(row["lsp"]),
            extensions=tuple(row["extensions"]),
            filenames=tuple(row.get("filenames", ())),
            line_comment=row.get("line_comment"),
            block_comment=tuple(row["block_comment"]) if "block_comment" in row else None,
            names=_names({**common, **row}),
            blocks=_blocks({**common, **row}),
        )
        for name, row in _table().items()
        if name != _COMMON
    }


@cache
def blocks_of(language: Language | None) -> Blocks:
    """How blocks begin and end in a language, or in text of none that is known."""
    return _blocks(_table()[_COMMON]) if language is None else language.blocks


@cache
def names_of(language: Language | None) -> Names:
    """How names are written in a language, or in text of none that is known."""
    return _names(_table()[_COMMON]) if language is None else language.names


@cache
def _by_name() -> Mapping[str, Language]:
    """Languages by every word that names one: their own names and the ids that editors send."""
    languages = all_languages()
    return {lsp: language for language in languages.values() for lsp in language.lsp_ids} | dict(languages)


@cache
def _by_ending() -> Mapping[str, Language]:
    return {ending: language for language in all_languages().values() for ending in language.extensions}


@cache
def _by_filename() -> Mapping[str, Language]:
    return {name: language for language in all_languages().values() for name in language.filenames}


def language_names() -> list[str]:
    """Every word that `language_named` knows, sorted."""
    return sorted(_by_name())


def language_named(name: str) -> Language | None:
    """The language with this name or editor's language id."""
    return _by_name().get(name)


def language_of_path(path: str) -> Language | None:
    """The language that a file name tells, or None."""
    file = PurePosixPath(path.replace("\\", "/"))
    return _by_filename().get(file.name.lower()) or _by_ending().get(file.suffix.lower())
