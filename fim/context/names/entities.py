"""What a name can stand for: a definition in a file, or a module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Symbol(NamedTuple):  # thousands are hashed and compared for one prompt: a dataclass takes four times as long
    """One definition: its file and its number in the file's outline."""

    path: str
    number: int


@dataclass(frozen=True, slots=True)
class Module:
    """A module as a value: how it is spelled in the file that imports it, and its files."""

    spec: str
    importer: str
    files: tuple[str, ...]


Entity = Symbol | Module
