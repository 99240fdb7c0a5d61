"""Files and roots that come by several names: links, other spellings, roots that move."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from project_files import text_of, workspace, write
from seekline.server.workspace import Buffers, Workspace, canonical
from seekline.server.workspace import roots as roots_module

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")


def link(name: Path, to: Path) -> Path:
    name.symlink_to(to, target_is_directory=to.is_dir())
    return name


def seen(space: Workspace, file: Path) -> set[str]:
    """The other files that a prompt about `file` knows of."""
    return set(space.project_of(file).paths)


@pytest.fixture
def real(tmp_path: Path) -> Path:
    return write(tmp_path / "real", {"main.py": "", "pkg/a.py": "", "private/b.py": "", ".seeklineignore": ""})


def name_of_root(real: Path, how: str) -> Path:
    """A name for the folder `real`."""
    base = real.parent
    if how == "real":
        return real
    if how == "link":
        return link(base / "link", real)
    if how == "link to a link":
        return link(base / "link2", link(base / "link1", real))
    return link(base / "up", base) / "real"


NAMES = ["real", "link", "link to a link", "folder above"]


@pytest.mark.parametrize("file_by", NAMES)
@pytest.mark.parametrize("root_by", ["real", "link", "folder above"])
def test_a_file_is_in_its_root_whatever_both_are_called(real: Path, root_by: str, file_by: str) -> None:
    if root_by == file_by != "real":
        (real.parent / "other").mkdir()
        file_root = link(real.parent / "other" / "name", real)
    else:
        file_root = name_of_root(real, file_by)
    buffers = Buffers()
    space = workspace(name_of_root(real, root_by), exclude=["private/"], buffers=buffers)
    main = file_root / "main.py"
    buffers.opened(file_root / "pkg/a.py", lambda: ("unsaved = 1\n",), "python")
    assert space.relative_path(main) == "main.py"
    assert seen(space, main) == {"main.py", "pkg/a.py", ".seeklineignore"}
    assert text_of(space.project_of(main), "pkg/a.py") == "unsaved = 1\n"
    assert list(space.project_of(main).recent) == ["pkg/a.py"]
    refusal = space.refusal(file_root / "private/b.py")
    assert refusal is not None
    assert "'private/b.py' is excluded by 'private/' in the setting exclude" in str(refusal)
    assert space.refusal(main) is None
    write(real, {"new.py": ""})
    space.changed(file_root / "new.py", "created")
    assert "new.py" in seen(space, main)


def test_a_link_inside_the_root_is_the_file_that_it_leads_to(real: Path) -> None:
    link(real / "alias.py", real / "pkg" / "a.py")
    link(real / "public", real / "private")
    space = workspace(real, exclude=["private/"])
    assert space.relative_path(real / "alias.py") == "pkg/a.py"
    assert space.refusal(real / "public" / "b.py") is not None


def test_a_file_is_excluded_by_any_of_its_names(real: Path, tmp_path: Path) -> None:
    write(tmp_path, {"outside/plain.txt": "", "outside/.env": ""})
    link(real / ".env.local", real / "main.py")
    link(real / "notes.txt", tmp_path / "outside" / ".env")
    link(real / "out", tmp_path / "outside")
    space = workspace(real, exclude=["/out/"])
    for name in (".env.local", "notes.txt", "out/plain.txt"):
        assert space.refusal(real / name) is not None, name
    assert space.refusal(real / "main.py") is None


def test_a_link_out_of_the_root_has_its_place_and_nothing_is_read_through_it(real: Path, tmp_path: Path) -> None:
    write(tmp_path, {"outside/plain.py": "stolen = 1\n", "outside/beside.py": ""})
    link(real / "plain.py", tmp_path / "outside" / "plain.py")
    link(real / "out", tmp_path / "outside")
    buffers = Buffers()
    space = workspace(real, buffers=buffers)
    for name in ("plain.py", "out/plain.py"):
        buffers.opened(real / name, lambda: ("typed = 1\n",), "python")
        assert space.relative_path(real / name) == name
        view = space.project_of(real / name)
        assert set(view.paths) == {"main.py", "pkg/a.py", "private/b.py", ".seeklineignore"}
        assert view.document(name) is None


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        (".env", "secrets"), ("sub/.env.local", "secrets"), ("id_rsa", "secrets"), ("ID_RSA", "secrets"),
        ("deploy/server.pem", "secrets"), (".ssh/config", "secrets"), ("mine/a.py", "'mine/'"),
        ("b.gen.py", "'*.gen.py'"),
    ],
)  # fmt: skip
def test_a_refusal_names_its_rule(real: Path, name: str, rule: str) -> None:
    space = workspace(real, exclude=["mine/", "*.gen.py", "!c.gen.py", "x"])
    refusal = space.refusal(real / name)
    assert refusal is not None
    assert rule in refusal.problem
    assert refusal.remedy.endswith(".")
    assert space.refusal(real / "c.gen.py") is None


def test_outside_of_all_roots_a_secrets_folder_counts_and_the_rest_goes_by_name(real: Path, tmp_path: Path) -> None:
    space = workspace(real, exclude=["*.log"])
    assert space.refusal(tmp_path / ".ssh" / "config") is not None
    assert space.refusal(tmp_path / "x.log") is not None
    assert space.refusal(tmp_path / "config") is None
    assert space.relative_path(tmp_path / "config") == "config"
    assert space.refusal(Path("untitled")) is None


def test_roots_that_are_one_folder_are_one_root(real: Path) -> None:
    inner = link(real / "pkg" / "up", real)  # a link to a folder above
    space = workspace(link(real.parent / "link", real), real, inner, real / "pkg")
    assert len(space._indexes) == 2
    assert space.relative_path(inner / "main.py") == "main.py"
    assert space.relative_path(inner / "pkg" / "a.py") == "a.py"
    assert seen(space, real / "main.py") == {"main.py", "private/b.py", ".seeklineignore"}


def test_a_root_in_an_excluded_folder_of_another_has_its_files(real: Path) -> None:
    space = workspace(real, link(real.parent / "inner", real / "private"), exclude=["private/"])
    assert space.refusal(real / "private" / "b.py") is None, "who opens the folder by itself wants it"
    assert seen(space, real / "private" / "b.py") == {"b.py"}
    assert "private/b.py" not in seen(space, real / "main.py")


def test_links_in_a_circle_are_nothing(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    space = workspace(tmp_path / "one")
    assert seen(space, tmp_path / "one" / "a.py") == set()
    assert space.relative_path(tmp_path / "one" / "a.py") == "a.py"
    space.changed(tmp_path / "two" / "a.py", "created")


def test_two_buffers_of_one_file(real: Path) -> None:
    other = link(real.parent / "link", real)
    buffers = Buffers()
    space = workspace(real, buffers=buffers)
    buffers.opened(real / "pkg/a.py", lambda: ("first\n",))
    buffers.opened(other / "pkg/a.py", lambda: ("second\n",))
    assert text_of(space.project_of(real / "main.py"), "pkg/a.py") == "second\n"
    buffers.edited(real / "pkg/a.py")
    assert text_of(space.project_of(real / "main.py"), "pkg/a.py") == "first\n"
    buffers.closed(real / "pkg/a.py")
    assert text_of(space.project_of(real / "main.py"), "pkg/a.py") == "second\n"
    buffers.closed(other / "pkg/a.py")
    assert text_of(space.project_of(real / "main.py"), "pkg/a.py") == ""


def test_a_root_that_vanishes_and_comes_back(real: Path) -> None:
    root = link(real.parent / "link", real)
    space = workspace(root)
    assert "pkg/a.py" in seen(space, root / "main.py")
    real.rename(real.parent / "away")
    assert seen(space, root / "main.py") == set()
    (real.parent / "away").rename(real)
    assert "pkg/a.py" in seen(space, root / "main.py")
    shutil.rmtree(real)
    space.changed(root, "deleted")
    write(real, {"fresh.py": ""})
    space.changed(root, "created")
    assert seen(space, root / "fresh.py") == {"fresh.py"}


def test_a_root_that_leads_elsewhere_while_it_is_open(real: Path, tmp_path: Path) -> None:
    second = write(tmp_path / "second", {"main.py": "", "only/here.py": "disk\n"})
    root = link(tmp_path / "link", real)
    buffers = Buffers()
    space = workspace(root, buffers=buffers)
    buffers.opened(root / "only/here.py", lambda: ("unsaved\n",))
    assert "pkg/a.py" in seen(space, root / "main.py")
    root.unlink()
    link(root, second)
    assert space.looked_again() is space, "nobody has looked yet"
    seen(space, root / "main.py")
    moved = space.looked_again()
    assert seen(moved, root / "main.py") == {"main.py", "only/here.py"}
    assert text_of(moved.project_of(root / "main.py"), "only/here.py") == "unsaved\n"
    assert moved.relative_path(second / "main.py") == "main.py"
    assert moved.looked_again() is moved


def test_a_link_on_the_way_that_leads_elsewhere(real: Path, tmp_path: Path) -> None:
    inner = link(real / "inner", real / "pkg")
    write(real, {"other/a.py": "disk\n"})
    buffers = Buffers()
    space = workspace(real, exclude=["other/"], buffers=buffers)
    buffers.opened(inner / "a.py", lambda: ("unsaved\n",))
    assert space.refusal(inner / "a.py") is None
    inner.unlink()
    link(inner, real / "other")
    space.changed(inner, "created")
    assert space.refusal(inner / "a.py") is not None
    assert text_of(space.project_of(real / "main.py"), "pkg/a.py") == ""


def test_a_keystroke_asks_no_disk(real: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def counted(path: Path) -> Path:
        asked.append(path)
        return canonical(path)

    monkeypatch.setattr("seekline.server.workspace.canonical_paths.canonical", counted)
    monkeypatch.setattr(roots_module, "canonical", counted)
    root = link(real.parent / "link", real)
    buffers = Buffers()
    space = workspace(root, buffers=buffers)
    buffers.opened(root / "main.py", lambda: ("",))
    count = len(asked)
    assert count == 2
    for _ in range(5):
        buffers.edited(root / "main.py")
        assert space.relative_path(root / "main.py") == "main.py"
        assert space.refusal(root / "main.py") is None
        assert space.looked_again() is space
        space.project_of(root / "main.py")
    for number in range(100):
        space.changed(root / f"{number}.py", "created")
    assert len(asked) == count


def test_what_is_remembered_is_bounded(real: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seekline.server.workspace.canonical_paths.MAX_KNOWN", 10)
    monkeypatch.setattr(roots_module, "_MAX_REFUSALS", 10)
    space = workspace(real)
    for number in range(100):
        assert space.refusal(real / f"{number}.py") is None
    assert len(space._refusals) <= 10
    assert len(space._buffers._paths._known) <= 10


def test_a_junction_is_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has them; here one folder is said to be one."""

    class Junction:
        st_mode, st_reparse_tag = 0o040755, 0xA0000003

    root = write(tmp_path, {"pkg/a.py": "a = 1\n", "b.py": "b = 1\n"})
    space = workspace(root)
    assert seen(space, root / "b.py") == {"pkg/a.py", "b.py"}
    lstat = os.lstat
    monkeypatch.setattr(os, "lstat", lambda path: Junction() if str(path) == str(root / "pkg") else lstat(path))
    assert text_of(space.project_of(root / "b.py"), "pkg/a.py") is None
    space.changed(root / "pkg", "created")
    assert seen(space, root / "b.py") == {"b.py"}


def test_no_name_is_listed_behind_a_link(tmp_path: Path) -> None:
    """Of a build folder that is a link not even its project file is found, whoever tells of it."""
    write(tmp_path, {"outside/compile_commands.json": "[]", "root/a.c": ""})
    root = tmp_path / "root"
    link(root / "build", tmp_path / "outside")
    space = workspace(root)
    space.changed(root / "build" / "compile_commands.json", "created")
    assert seen(space, root / "a.c") == {"a.c"}
    space.changed(root / "build" / "compile_commands.json", "created")
    assert seen(space, root / "a.c") == {"a.c"}
