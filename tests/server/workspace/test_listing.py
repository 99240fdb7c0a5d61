"""Which files a root has: ignore files, what is left out by default, and links."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from project_files import project, tree, workspace, write


def test_ignore_files_hold_in_their_folder_and_below(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "*.tmp\n/top.py\n", "a/.gitignore": "inner.py\n!keep.tmp\n"})
    tree(
        tmp_path,
        listed=["a/b.py", "a/keep.tmp", "a/b/keep.tmp", "inner.py", "a/top.py", ".gitignore"],
        left_out=["a/x.tmp", "keep.tmp", "a/inner.py", "a/b/inner.py", "top.py"],
    )


@pytest.mark.parametrize(
    ("patterns", "listed", "left_out"),
    [
        (["*", "!*/", "!*.py"], ["a.py", "b/c.py"], ["a.txt", "b/c.txt", ".tox/d.py", "dist/e.py"]),
        (["*", "!**/", "!*.py"], ["a.py", "b/c.py"], ["a.txt", "b/c.txt"]),
        (["a/*/**/"], ["a/b/c.py", "b/c/d.py"], ["a/b/c/d.py"]),
        (["logs/**", "!logs/keep.py"], ["logs/keep.py"], ["logs/other.py"]),
        (["/a/*", "!/a/b/"], ["a/b/c.py", "x/a/c.py"], ["a/c.py", "a/d/e.py"]),
        (["foo/"], ["foo.py", "bar/foo"], ["x/foo/a.py"]),
        (["*.py[cod]", "[!k]eep.txt"], ["a.py", "keep.txt"], ["a.pyc", "b/a.pyo", "deep/jeep.txt"]),
        (["doc/*.txt", "a/**/z"], ["doc/sub/a.txt", "a/y"], ["doc/a.txt", "a/z", "a/b/c/z"]),
        (["# a comment", r"\#file", "name\\ ", "trail   "], ["# a comment"], ["#file", "name ", "trail"]),
        (["a.py", "!a.py"], ["a.py"], []),
        (["dir", "!dir/a.py"], [], ["dir/a.py"]),
    ],
)
def test_patterns_mean_what_git_means(
    tmp_path: Path, patterns: list[str], listed: list[str], left_out: list[str]
) -> None:
    write(tmp_path, {".gitignore": "\n".join(patterns)})
    tree(tmp_path, listed, left_out)


def test_seeklineignore_and_the_setting_have_the_last_word(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".gitignore": "generated/\n*.a.py\n",
            ".seeklineignore": "!generated/\n!dist/\n!node_modules/\nnever.py\n",
            "sub/.seeklineignore": "!*.a.py\n",
            "sub/.gitignore": "!never.py\n",
        },
    )
    tree(
        tmp_path,
        listed=["generated/x.py", "dist/x.js", "sub/x.a.py"],
        left_out=["node_modules/x.js", "x.a.py", "never.py", "sub/never.py", "generated/private.py"],
        exclude=["private*", "!x.a.py"],
    )


def test_git_info_exclude_is_weaker_than_gitignore(tmp_path: Path) -> None:
    write(tmp_path, {".git/info/exclude": "*.local\nmine/\n", ".gitignore": "!keep.local\n"})
    tree(tmp_path, listed=["keep.local", "a.py"], left_out=["a.local", "sub/b.local", "mine/a.py", ".git/config"])


def test_what_is_left_out_by_default(tmp_path: Path) -> None:
    write(tmp_path, {"env3/pyvenv.cfg": "", "cache9/CACHEDIR.TAG": "", "sub/package.json": "{}", "go.mod": "module m"})
    tree(
        tmp_path,
        listed=["a.py", "src/go/build/build.go", "env/agent.py", "site.js", "sub/pyproject.toml", "package.json"],
        left_out=[
            *["node_modules/a/index.js", "sub/node_modules/b/index.js", ".venv/lib/x.py", "env3/lib/x.py"],
            *["cache9/x.py", "build/lib/x.py", "dist/x.js", "sub/dist/x.js", "target/debug/x.rs", "vendor/m/x.go"],
            *["a/__pycache__/x.py", ".hg/store", ".svn/x", ".tox/x.py", "m.egg-info/PKG-INFO", "venv/x.py"],
            *["package-lock.json", "yarn.lock", "Cargo.lock", "go.sum", "uv.lock", "x.min.js", "y.bundle.js"],
            *["api.pb.go", "api_pb2.py", "model.g.dart", "x.png", "x.so", "x.js.map"],
        ],
    )


def test_a_folder_called_as_output_is_listed_where_it_is_source(tmp_path: Path) -> None:
    write(tmp_path, {"build/__init__.py": ""})
    tree(tmp_path, listed=["build/x.py"], left_out=["dist/y.js"])
    space = workspace(tmp_path)
    assert "dist/y.js" not in project(space, tmp_path).paths
    assert "dist/y.js" in project(space, tmp_path, "dist/main.js").paths, "someone works in it"


def test_the_compile_commands_of_a_build_folder_are_found(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "build*/\n", "CMakeLists.txt": "", "build-debug/compile_commands.json": "[1]"})
    tree(tmp_path, listed=["build-debug/compile_commands.json"], left_out=["build-debug/x.c", "sub/build-debug/y.json"])
    view = project(workspace(tmp_path), tmp_path)
    assert view.manifest("build-debug/compile_commands.json", len) == 3


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"secret.py": "x = 1\n"})
    root = write(tmp_path / "root", {"a.py": "a = 1\n", "pkg/b.py": "b = 1\n"})
    (root / "out").symlink_to(outside, target_is_directory=True)
    (root / "stolen.py").symlink_to(outside / "secret.py")
    (root / "pkg" / "loop").symlink_to(root, target_is_directory=True)
    (root / "dangling.py").symlink_to(root / "nowhere")
    (root / ".gitignore").symlink_to(root / "a.py")
    space = workspace(root)
    assert set(project(space, root).paths) == {"a.py", "pkg/b.py"}
    for path in (root / "stolen.py", root / "out", root / "out" / "secret.py", root / "pkg" / "loop" / "a.py"):
        space.changed(path, "created")
    view = project(space, root)
    assert set(view.paths) == {"a.py", "pkg/b.py"}
    assert view.document("stolen.py") is None


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_file_that_becomes_a_link_is_not_read(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"b.py": "secret = 1\n"})
    root = write(tmp_path / "root", {"a.py": "a = 1\n", "pkg/b.py": "b = 1\n"})
    space = workspace(root)
    assert len(project(space, root).paths) == 2
    (root / "a.py").unlink()
    (root / "a.py").symlink_to(outside / "b.py")
    (root / "pkg").rename(root / "old")
    (root / "pkg").symlink_to(outside, target_is_directory=True)
    view = project(space, root)
    assert view.document("a.py") is None
    assert view.document("pkg/b.py") is None


def test_a_broken_ignore_file_costs_only_its_broken_lines(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, {".gitignore": b"*.tmp\n!\n[a-.py\n\xff\xfe.py\nb.py\\\n*.log\n"})
    with caplog.at_level(logging.WARNING):
        tree(tmp_path, listed=["a.py", "z.py"], left_out=["a.tmp", "a.log"])
        tree(tmp_path, listed=["a.py", "z.py"], left_out=["a.tmp", "a.log"])
    assert any("is not UTF-8" in message for message in caplog.messages)


def test_a_broken_pattern_of_the_setting_costs_only_itself(tmp_path: Path) -> None:
    tree(tmp_path, listed=["a.py"], left_out=["b.py"], exclude=["!", "\\", "[z-a]*", "b.py"])
    assert workspace(tmp_path, exclude=["!", "b.py"]).refusal(tmp_path / "b.py")


def test_names_that_no_line_of_a_prompt_may_have_are_left_out(tmp_path: Path) -> None:
    if os.name == "nt":
        pytest.skip("Windows has no such names")
    write(tmp_path, {"a.py": ""})
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/odd\xff.py")).touch()
    (tmp_path / "two\nlines.py").touch()
    assert set(project(workspace(tmp_path), tmp_path).paths) == {"a.py"}


def test_a_root_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert not project(workspace(tmp_path / "nowhere"), tmp_path / "nowhere").paths
