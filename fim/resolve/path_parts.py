"""What all resolvers do with paths: with forward slashes, relative to the root, whose own path is empty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def folder_of(path: str) -> str:
    """The folder that a file or folder is in."""
    return path.rpartition("/")[0]


def join(folder: str, path: str) -> str:
    """A path that is relative to a folder, relative to the root."""
    return f"{folder}/{path}" if folder and path else folder or path


def folders_up(folder: str) -> Iterator[str]:
    """A folder, and those that it is in, up to the root."""
    yield folder
    while folder:
        folder = folder_of(folder)
        yield folder


def shared_parts(path: str, other: str) -> int:
    """How many parts, from the root on, two paths have in common."""
    count = 0
    for one, another in zip(path.split("/"), other.split("/"), strict=False):
        if one != another:
            break
        count += 1
    return count


def nearest(paths: Iterable[str], importer: str) -> list[str]:
    """The paths that share most folders with the importer first, and itself last; else in their order."""
    return sorted(paths, key=lambda path: (path == importer, -shared_parts(path, importer)))


def normalise(path: str) -> str | None:
    """The path without `.` and `..`; None where it leads out of the root."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
