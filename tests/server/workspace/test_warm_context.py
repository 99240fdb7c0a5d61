"""What an index remembers from prompt to prompt changes no prompt: a warm one gives what a fresh one would."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from project_files import project, workspace, write
from seekline import fim
from seekline.server.workspace import Buffers, Workspace

NAMES = ("Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta")
MANIFESTS = {"go": {"go.mod": "module example.com/app\n"}, "java": {}, "py": {}, "rb": {}}


def text_of(ending: str, name: str, other: str, member: str) -> str:
    """A file of a class with one member, that extends or holds another class."""
    return {
        "go": f"package app\n\ntype {name} struct {{\n\tinner {other}\n}}\n\n"
        f"func (a *{name}) {member}() *{other} {{\n}}\n",
        "java": f"package app;\n\npublic class {name} extends {other} {{\n  {other} {member.lower()}() {{\n  }}\n}}\n",
        "py": f"from .{other.lower()} import *\n\n\nclass {name}({other}):\n"
        f"    def {member.lower()}(self) -> {other}: ...\n",
        "rb": f"class {name} < {other}\n  def {member.lower()}\n    {other}.new\n  end\nend\n",
    }[ending]


def path_of(ending: str, name: str) -> str:
    return f"app/{name.lower() if ending != 'java' else name}.{ending}"


def files_of(ending: str, chance: random.Random) -> dict[str, str]:
    return {path_of(ending, name): new_text(ending, name, chance) for name in NAMES} | MANIFESTS[ending]


def new_text(ending: str, name: str, chance: random.Random) -> str:
    return text_of(ending, name, chance.choice(NAMES), chance.choice(("Open", "Close", "Read")))


def prompt(space: Workspace, root: Path, path: str, line: int) -> tuple[str, tuple[str, ...]]:
    view = project(space, root, path)
    document = view.document(path)
    assert document is not None
    cursor = fim.Cursor(line=min(line, len(document.lines) - 1), column=0)
    context = fim.gather(document, cursor, view, 400, lambda text: len(text.split()) + 1)
    return context.text, tuple(part.reason for part in context.parts)


def changes(ending: str, root: Path, space: Workspace, buffers: Buffers, chance: random.Random) -> Iterator[None]:
    """Edits on the disk and in buffers; files that come and go."""
    opened: set[Path] = set()
    for _ in range(25):
        name = chance.choice(NAMES)
        path, text = root / path_of(ending, name), new_text(ending, name, chance)
        what = chance.choice(("write", "write", "type", "close", "delete"))
        if what == "type":
            lines = tuple(fim.split_lines(text))
            if path in opened:
                buffers.closed(path)
            buffers.opened(path, lambda lines=lines: lines)
            opened.add(path)
        elif what == "close" and opened:
            buffers.closed(opened.pop())
        elif what == "delete" and path not in opened and path.exists():
            path.unlink()
            space.changed(path, "deleted")
        else:
            event = "changed" if path.exists() else "created"
            write(root, {path_of(ending, name): text})
            space.changed(path, event)
        yield


@pytest.mark.parametrize("ending", ["go", "java", "py", "rb"])
@pytest.mark.parametrize("seed", range(3))
def test_a_warm_prompt_equals_a_cold_one_after_edits_of_other_files(tmp_path: Path, ending: str, seed: int) -> None:
    chance, buffers = random.Random(seed), Buffers()
    main = path_of(ending, "Alpha")
    write(tmp_path, files_of(ending, chance))
    warm = workspace(tmp_path, buffers=buffers)
    for _ in changes(ending, tmp_path, warm, buffers, chance):
        for path in (main, path_of(ending, chance.choice(NAMES))):
            view = project(warm, tmp_path, path)
            if view.document(path) is None:
                continue
            for line in (0, 4):
                fresh = workspace(tmp_path, buffers=buffers)
                assert prompt(warm, tmp_path, path, line) == prompt(fresh, tmp_path, path, line)
