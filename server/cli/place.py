"""FILE:LINE:COLUMN on the command line: a document and a cursor in it, and the workspace around it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ... import fim
from ..completion.snapshot import Snapshot
from ..errors import BadPlace
from ..settings.config import workspace_of
from ..settings.settings import Settings
from ..workspace import Buffers, Workspace, canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A cursor in a file, and the workspace that the file belongs to. `file`: its absolute path, as it was given."""

    document: fim.Document
    cursor: fim.Cursor
    file: Path
    workspace: Path


class Projects:
    """The workspaces of the places asked for, each listed once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._buffers = Buffers(watched=False)  # no one tells of files that come while a long batch is answered
        self._known: dict[Path, Workspace] = {}

    def snapshot(self, place: Place) -> Snapshot:
        """The place and the workspace around it. Raises `BadPlace` for a file that is excluded."""
        if place.workspace not in self._known:
            self._known[place.workspace] = Workspace(
                [place.workspace], self._settings.exclude, self._buffers, libraries=self._settings.libraries
            )
        workspace = self._known[place.workspace]
        refusal = workspace.refusal(place.file)
        if refusal is not None:
            raise BadPlace(refusal.problem, refusal.remedy)
        project = workspace.project_of(place.file, place.document.lines)
        return Snapshot(document=place.document, cursor=place.cursor, project=project)


def read_place(argument: str) -> Place:
    """The place that `argument` names: line and column from 1, in characters. Raises `BadPlace`."""
    return place_in(*_parts(argument))


def place_in(name: str, line: int, column: int, text: str | None = None) -> Place:
    """A place in a file; `text` is what an editor has of it, else it is read. Raises `BadPlace`."""
    path = Path(name)
    lines = tuple(fim.split_lines(_read(path) if text is None else text))
    folder = workspace_of(path)
    document = fim.Document(
        path=canonical(path).relative_to(folder).as_posix(),
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
    cursor = fim.Cursor(line=line - 1, column=column - 1)
    file = path.absolute()
    if ".." in file.parts:  # behind a link, that is not the folder that it seems to be
        file = canonical(file.parent) / file.name
    return Place(document=document, cursor=cursor, file=file, workspace=folder)


def prompt_place(text: str, language: str) -> Place:
    """The end of a text that stands in no file, as if it were one in the current folder. Raises `BadPlace`."""
    known = fim.language_named(language)
    if known is None:
        raise BadPlace(f"There is no language {language!r}.", f"There are: {', '.join(fim.language_names())}.")
    lines = fim.split_lines(text)
    on_line = bool(lines) and not lines[-1].endswith(("\n", "\r"))
    line = len(lines) + (0 if on_line else 1)
    column = len(lines[-1]) + 1 if on_line else 1
    place = place_in("prompt", line, column, text)
    return replace(place, document=replace(place.document, language=known))


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
    except (OSError, ValueError) as error:  # no file's name has a null character
        why = getattr(error, "strerror", error)
        raise BadPlace(f"{path} cannot be read: {why}.", "Give a file that you may read.") from error
