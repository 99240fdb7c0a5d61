"""What is left out of every workspace by default. Data: exclusions.toml."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tomli

from .ignore import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """The table of exclusions; its parts are described in exclusions.toml."""

    ignore_files: tuple[str, ...]
    marks: frozenset[str]
    folders: frozenset[str]
    rules: Rules
    output: Mapping[str, tuple[str, ...]]
    kept: tuple[tuple[Rules, Rules], ...]

    def is_output(self, name: str, folder: str, beside: Collection[str]) -> bool:
        """Whether the folder `name` in `folder` is build output, going by the names `beside` it."""
        return any(_stands(sign, folder, beside) for sign in self.output.get(name, ()))

    def files_kept_in(self, name: str) -> list[Rules]:
        """Which files are to find in an excluded folder `name` at the first level."""
        return [file for folder, file in self.kept if folder.verdict(name, name, folder=True)]


def _stands(sign: str, folder: str, names: Collection[str]) -> bool:
    if sign == ".":
        return not folder
    if sign.startswith("*"):
        return any(name.endswith(sign[1:]) for name in names)
    return sign in names


@cache
def defaults() -> Defaults:
    table = tomli.loads(Path(__file__).with_name("exclusions.toml").read_text("utf-8"))
    files = [pattern for patterns in table["files"].values() for pattern in patterns]
    return Defaults(
        ignore_files=tuple(table["ignore_files"]),
        marks=frozenset(table["marks"]),
        folders=frozenset(table["folders"]),
        rules=Rules([*files, *table["folder_patterns"]], source="exclusions.toml"),
        output={name: tuple(signs) for name, signs in table["output"].items()},
        kept=tuple((_kept(folder), _kept(file)) for folder, file in table["kept"]),
    )


def _kept(pattern: str) -> Rules:
    return Rules([pattern], source="exclusions.toml")
