"""FILE:LINE:COLUMN on the command line: a document and a cursor in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ... import fim
from ..config import workspace_of
from ..errors import BadPlace
from ..workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A cursor in a file, and the workspace that the file belongs to."""

    document: fim.Document
    cursor: fim.Cursor
    workspace: Path


def read_place(argument: str) -> Place:
    """The place that `argument` names: line and column from 1, in characters. Raises `BadPlace`."""
    name, line, column = _parts(argument)
    path = Path(name)
    text = _read(path)
    lines = tuple(fim.split_lines(text))
    folder = workspace_of(path)
    document = fim.Document(
        path=Workspace([folder], []).relative_path(path.resolve()),
        language=fim.language_of_path(path.name),
        lines=lines,
    )
    # After a last line end there is one more, empty, line.
    count = len(lines) + (1 if not lines or lines[-1].endswith(("\n", "\r")) else 0)
    if not 1 <= line <= count:
        raise BadPlace(f"{name} has no line {line}.", f"It has lines 1 to {count}.")
    length = len(document.line(line - 1))
    if not 1 <= column <= length + 1:
        raise BadPlace(f"Line {line} of {name} has no column {column}.", f"It has columns 1 to {length + 1}.")
    return Place(document=document, cursor=fim.Cursor(line=line - 1, column=column - 1), workspace=folder)


def _parts(argument: str) -> tuple[str, int, int]:
    name, _, rest = argument.rpartition(":")
    name, _, line = name.rpartition(":")
    if not (name and line.isdecimal() and rest.isdecimal()):
        raise BadPlace(
            f"{argument!r} is no place in a file.",
            "Write FILE:LINE:COLUMN, counted from 1, such as main.py:12:8.",
        )
    return name, int(line), int(rest)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise BadPlace(f"There is no file {path}.", "Check the name.") from None
    except UnicodeDecodeError as error:
        raise BadPlace(f"{path} is not UTF-8 text ({error}).", "Save it as UTF-8.") from error
    except OSError as error:
        raise BadPlace(f"{path} cannot be read: {error.strerror}.", "Give a file that you may read.") from error
