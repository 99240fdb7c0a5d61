"""Project folders for tests of the workspace: files from a table, and what is seen of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from seekline import fim
from seekline.server.workspace import Buffers, Workspace


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes files, by their paths below `root`; returns `root`."""
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def tree(root: Path, listed: Sequence[str], left_out: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
    """Checks what is listed of `root`: of the paths named here, exactly `listed`."""
    for path in (*listed, *left_out):
        write(root, {} if (root / path).exists() else {path: "text\n"})
    paths = set(workspace(root, exclude=exclude).project_of(root / "x.py").paths)
    assert paths & {*listed, *left_out} == set(listed)


def workspace(*roots: Path, exclude: Sequence[str] = (), buffers: Buffers | None = None) -> Workspace:
    return Workspace(roots, exclude, buffers)


def project(space: Workspace, root: Path, name: str = "x.py") -> fim.Project:
    """The root as a prompt about its file `name` sees it."""
    return space.project_of(root / name)


def text_of(view: fim.Project, path: str) -> str | None:
    document = view.document(path)
    return None if document is None else "".join(document.lines)
