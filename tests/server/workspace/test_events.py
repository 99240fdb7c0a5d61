"""What the editor tells reaches the index: files that come, go and change, roots, and the events of a session."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from project_files import project, text_of, workspace, write
from seekline.server.workspace import MAX_EVENTS, Buffers, Workspace, index
from seekline.server.workspace.listing import Lister


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The roots that were listed as a whole."""
    seen: list[str] = []
    whole: Callable[[Lister], object] = Lister.whole

    def counted(lister: Lister) -> object:
        seen.append(lister.root)
        return whole(lister)

    monkeypatch.setattr(Lister, "whole", counted)
    return seen


def paths(space: Workspace, root: Path, name: str = "x.py") -> set[str]:
    return set(project(space, root, name).paths)


def test_files_that_come_and_go(tmp_path: Path, listings: list[str]) -> None:
    space = workspace(write(tmp_path, {".gitignore": "*.tmp\n", "a.py": "", "pkg/b.py": ""}))
    assert paths(space, tmp_path) == {".gitignore", "a.py", "pkg/b.py"}
    write(tmp_path, {"new.py": "", "x.tmp": "", "deep/er/c.py": "", ".env": "", "node_modules/m/i.js": ""})
    for name in ("new.py", "x.tmp", "deep/er/c.py", ".env", "node_modules/m/i.js"):
        space.changed(tmp_path / name, "created")
    assert paths(space, tmp_path) == {".gitignore", "a.py", "pkg/b.py", "new.py", "deep/er/c.py"}
    (tmp_path / "a.py").rename(tmp_path / "renamed.py")
    space.changed(tmp_path / "a.py", "deleted")
    space.changed(tmp_path / "renamed.py", "created")
    assert paths(space, tmp_path) == {".gitignore", "renamed.py", "pkg/b.py", "new.py", "deep/er/c.py"}
    assert len(listings) == 1, "no event lists the whole root"


def test_folders_that_come_and_go_with_one_event_each(tmp_path: Path) -> None:
    space = workspace(write(tmp_path, {"pkg/a.py": "", "pkg/sub/b.py": "", "pkg2/c.py": ""}))
    assert len(paths(space, tmp_path)) == 3
    (tmp_path / "pkg").rename(tmp_path / "moved")
    space.changed(tmp_path / "pkg", "deleted")
    space.changed(tmp_path / "moved", "created")
    assert paths(space, tmp_path) == {"moved/a.py", "moved/sub/b.py", "pkg2/c.py"}
    shutil.rmtree(tmp_path / "moved")
    write(tmp_path, {"moved": "a file by now"})
    space.changed(tmp_path / "moved", "created")
    assert paths(space, tmp_path) == {"moved", "pkg2/c.py"}


def test_events_before_the_first_use_and_of_what_is_not_there(tmp_path: Path) -> None:
    space = workspace(write(tmp_path, {"a.py": ""}))
    for name in ("a.py", "never.py", "no/where/x.py", ".gitignore"):
        space.changed(tmp_path / name, "created")
        space.changed(tmp_path / name, "deleted")
    space.changed(tmp_path, "changed")
    space.changed(Path("/elsewhere/x.py"), "created")
    assert paths(space, tmp_path) == {"a.py"}


def test_a_changed_ignore_file_lists_the_root_again_when_it_is_used(tmp_path: Path, listings: list[str]) -> None:
    space = workspace(write(tmp_path, {".gitignore": "a.py\n", "a.py": "", "b.py": "", "c.py": ""}))
    assert paths(space, tmp_path) == {".gitignore", "b.py", "c.py"}
    write(tmp_path, {".gitignore": "b.py\n"})
    space.changed(tmp_path / ".gitignore", "changed")
    assert len(listings) == 1
    assert paths(space, tmp_path) == {".gitignore", "a.py", "c.py"}
    assert paths(space, tmp_path) == {".gitignore", "a.py", "c.py"}
    assert len(listings) == 2


def test_a_flood_of_events_is_one_listing(tmp_path: Path, listings: list[str]) -> None:
    space = workspace(write(tmp_path, {"a.py": ""}))
    assert len(paths(space, tmp_path)) == 1
    write(tmp_path, {f"{number}.py": "" for number in range(10)})
    (root,) = space._indexes.values()
    for number in range(MAX_EVENTS + 10):  # noted before anyone looks
        root.notice(f"{number}.py", appeared=True)
    assert len(paths(space, tmp_path)) == 11
    assert len(listings) == 2


def test_without_an_editor_that_tells_old_listings_are_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "RELIST_S", -1)
    space = workspace(write(tmp_path, {"a.py": ""}), buffers=Buffers(watched=False))
    assert paths(space, tmp_path) == {"a.py"}
    write(tmp_path, {"b.py": ""})
    while "b.py" not in paths(space, tmp_path):
        pass


def test_compile_commands_that_come_with_a_build(tmp_path: Path) -> None:
    space = workspace(write(tmp_path, {"a.c": ""}))
    assert paths(space, tmp_path) == {"a.c"}
    write(tmp_path, {"build/compile_commands.json": "[]", "build/a.o": "", "build/gen.c": ""})
    space.changed(tmp_path / "build", "created")
    assert paths(space, tmp_path) == {"a.c", "build/compile_commands.json"}
    space.changed(tmp_path / "build/compile_commands.json", "changed")
    assert paths(space, tmp_path) == {"a.c", "build/compile_commands.json"}


def test_every_root_has_its_own_files(tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"a.py": "", "inner/b.py": "", "sub/.gitignore": "b.py\n"})
    inner, two = one / "inner", write(tmp_path / "two", {"c.py": ""})
    space = workspace(one, inner, two)
    assert paths(space, one) == {"a.py", "sub/.gitignore"}
    assert paths(space, inner) == {"b.py"}, "the innermost root, whatever the order of the folders"
    assert paths(space, two) == {"c.py"}
    assert space.relative_path(inner / "b.py") == "b.py"
    write(inner, {"new.py": ""})
    space.changed(inner / "new.py", "created")
    assert paths(space, inner) == {"b.py", "new.py"}
    assert paths(space, one) == {"a.py", "sub/.gitignore"}


def test_a_file_in_no_root_has_only_itself(tmp_path: Path) -> None:
    write(tmp_path, {"root/a.py": "", "alone.py": "x = 1\n", "beside.py": ""})
    buffers = Buffers()
    space = workspace(tmp_path / "root", buffers=buffers)
    view = space.project_of(tmp_path / "alone.py")
    assert set(view.paths) == {"alone.py"}
    assert view.document("beside.py") is view.document("alone.py") is None
    buffers.opened(tmp_path / "alone.py", lambda: ("def mine(): ...\n",), "python")
    view = space.project_of(tmp_path / "alone.py")
    assert [item.name for item in view.outline("alone.py").definitions] == ["mine"]
    assert view.manifest("alone.py", len) is None
    assert not view.recent


def test_the_text_of_the_command_line_wins(tmp_path: Path) -> None:
    space = workspace(write(tmp_path, {"a.py": "disk\n"}))
    assert text_of(space.project_of(tmp_path / "a.py", ["given\n"]), "a.py") == "given\n"
    assert text_of(space.project_of(tmp_path / "a.py"), "a.py") == "disk\n"


def test_an_index_lives_as_long_as_its_folder_and_the_exclusions(tmp_path: Path, listings: list[str]) -> None:
    one, two = write(tmp_path / "one", {"a.py": "", "in/c.py": ""}), write(tmp_path / "two", {"b.py": ""})
    space = workspace(one, exclude=["x"])
    assert paths(space, one) == {"a.py", "in/c.py"}
    assert space.replaced([one], ["x"]) is space
    more = space.replaced([one, two], ["x"])
    assert paths(more, one) == {"a.py", "in/c.py"}
    assert paths(more, two) == {"b.py"}
    assert len(listings) == 2
    assert paths(more.replaced([one], ["a.py"]), one) == {"in/c.py"}
    assert paths(more.replaced([one, one / "in"], ["x"]), one) == {"a.py"}


def test_a_file_that_is_closed_while_links_are_followed_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a.py": "", "b.py": ""})
    buffers = Buffers()
    for name in ("a.py", "b.py"):
        buffers.opened(tmp_path / name, lambda: (), "python")
    follow = buffers._paths.of

    def closing(path: Path) -> Path:
        buffers.closed(tmp_path / "b.py")  # on the event loop, while another thread follows links
        return follow(path)

    monkeypatch.setattr(buffers._paths, "of", closing)
    buffers.look_again()
    assert list(buffers.open_files()) == [tmp_path / "a.py"]
