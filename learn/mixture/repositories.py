"""What is read: repositories by their names in one folder, and the files of one language in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import tomli

from ...fim import language_named, language_of_path
from ..cleaning import is_generated, is_test
from ..corpus_file import CorpusFile
from ..errors import ListUnreadable

LIST = Path(__file__).with_name("repositories.toml")
OTHER_CHARACTERS = 1_000_000
"""Of other files, as when the product completes."""
_MAX_BYTES = 200_000
_LEFT_OUT = {".git", "build", "dist", "node_modules", "third_party", "vendor"}

Use = Literal["tune", "check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The sources of one language in a repository. `version`: empty where the list names none."""

    name: str
    version: str
    licence: str
    language: str
    use: Use
    files: tuple[CorpusFile, ...]

    def others(self, path: str) -> tuple[str, ...]:
        """The texts of the other files, the nearest first, as far as they are copied from: those of the same folder,
        then a folder up or down, and so on. It is the order of `fim.related_paths`, for which no import is followed
        here."""
        texts: list[str] = []
        room = OTHER_CHARACTERS
        for file in sorted(self.files, key=lambda file: (_distance(path, file.path), file.path)):
            if file.path == path:
                continue
            room -= len(file.text)
            if room < 0:
                break
            texts.append(file.text)
        return tuple(texts)


def read_repositories(folder: Path, listed: Path = LIST) -> Iterator[Repository | str]:
    """The listed repositories that are in `folder`; of the others the names. Raises `ListUnreadable`."""
    for entry, language in _entries(listed):
        root = folder / entry["name"]
        if root.is_dir():
            files = tuple(_sources(root, entry["name"], language))
            yield Repository(
                name=entry["name"],
                version=entry.get("version", ""),
                licence=entry.get("licence", ""),
                language=language,
                use=entry["use"],
                files=files,
            )
        else:
            yield entry["name"]


def repositories_in(folder: Path, report: Callable[[str], None], listed: Path = LIST) -> Iterator[Repository]:
    """Those that are there; of the others it is reported that they are left out. Raises `ListUnreadable`."""
    for repository in read_repositories(folder, listed):
        if isinstance(repository, str):
            report(f"{repository} is not in {folder}, and left out")
        else:
            yield repository


def _entries(listed: Path) -> list[tuple[dict[str, Any], str]]:
    """What is listed, each with the name of its first language, which a list may call as editors do."""
    try:
        entries = tomli.loads(listed.read_text("utf-8")).get("corpus", [])
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError) as error:
        raise ListUnreadable(f"{listed} cannot be read: {error}.", "Name a list like that of learn/mixture.") from error
    found: list[tuple[dict[str, Any], str]] = []
    for entry in entries:
        name = entry.get("name")
        if not name:
            raise ListUnreadable(f"{listed} has a repository without a name.", "Give it a name.")
        if entry.get("use") not in get_args(Use):
            raise ListUnreadable(f"{listed} does not say what {name} is for.", 'Give it use = "tune" or "check".')
        language = language_named(next(iter(entry.get("languages", ())), ""))
        if language is None:
            raise ListUnreadable(f"{listed} names no language of {name} that is known.", "Correct its languages.")
        found.append((entry, language.name))
    return found


def _sources(root: Path, name: str, language: str) -> Iterator[CorpusFile]:
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if not _is_in(path.name, language) or _LEFT_OUT.intersection(relative.parts):
            continue
        if not path.is_file() or path.stat().st_size > _MAX_BYTES or is_test(relative.as_posix()):
            continue
        text = path.read_text("utf-8", "replace").replace("\r\n", "\n")
        if not is_generated(text):
            yield CorpusFile(package=name, path=relative.as_posix(), text=text)


def _is_in(name: str, language: str) -> bool:
    """Whether a file is in a language. What ends with .h may be in either C; here it is in that of its repository."""
    known = language_of_path(name)
    return known is not None and (known.name == language or (language == "cpp" and name.endswith(".h")))


def _distance(one: str, other: str) -> int:
    """How many folders up and down one gets from one file to the other."""
    a, b = one.split("/")[:-1], other.split("/")[:-1]
    shared = _shared(a, b)
    return len(a) + len(b) - 2 * shared


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    number = 0
    while number < min(len(one), len(other)) and one[number] == other[number]:
        number += 1
    return number
