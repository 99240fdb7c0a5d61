"""The one form of a path: in the letters of the disk, and unharmed by what no system has."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from seekline.server.workspace import canonical
from seekline.server.workspace.canonical_paths import as_spelled


@pytest.mark.parametrize(
    ("written", "on_disk"),
    [
        ("/Users/ME/Src/Main.PY", "/Users/me/src/main.py"),
        ("/Users/me/src/caf\u00e9.py", "/Users/me/src/cafe\u0301.py"),
        ("/Users/me/src/New.py", "/Users/me/src/New.py"),
        ("/Users/me/src/main.py/x", "/Users/me/src/main.py/x"),
        ("/", "/"),
    ],
)
def test_a_path_is_spelled_as_on_the_disk(written: str, on_disk: str) -> None:
    folders: dict[str, list[str]] = {
        "/": ["Users", "usr"],
        "/Users/": ["me", "other"],
        "/Users/me/": ["src"],
        "/Users/me/src/": ["main.py", "cafe\u0301.py"],
    }
    there = {folder + name for folder, names in folders.items() for name in names}
    alike: dict[str, str] = {unicodedata.normalize("NFC", path).casefold(): path for path in there}

    def exists(path: str) -> bool:
        return unicodedata.normalize("NFC", path).casefold() in alike

    def names_in(folder: str) -> list[str]:
        return folders.get(folder, [])

    check: Callable[..., str] = as_spelled
    assert check(written, names_in, exists) == on_disk


def test_where_letters_differ_two_files_are_two() -> None:
    names = {"/": ["A.py", "a.py"]}
    assert as_spelled("/a.py", lambda folder: names[folder], lambda _: True) == "/a.py"


def test_a_path_that_no_system_has_stays_as_it_is() -> None:
    assert canonical(Path("/a\0b")) == Path("/a\0b")
