"""Patterns of ignore files: what git means by them, whatever they are, and in bounded time."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from project_files import project, workspace, write
from seekline.server.workspace import ignore, listing
from seekline.server.workspace.ignore import MAX_GLOB_CHARACTERS, Rules

_PIECES = [
    *[
        "a",
        "b",
        "ab",
        ".",
        "-",
        "é",
        " ",
        "#",
        "!",
        "]",
        "*",
        "**",
        "***",
        "?",
        "/",
        "**/",
        "/**",
        "/**/",
        "\\",
        "\\*",
        "\\!",
    ],
    *[
        "[ab]",
        "[!a]",
        "[^b-d]",
        "[b-a]",
        "[]a]",
        "[!]]",
        "[a-]",
        "[-a]",
        "[a",
        "[[:alpha:]]",
        "[[:digit:]a]",
        "[[:no:]]",
    ],
    *["[[:a]", "[\\]]", "[a\\-b]", "[\\a-c]", "[*]", "[/]", "[a&&b]", "[[a]"],
]
_NAMES = ["a", "b", "c", "ab", "ba", "abc", "a.b", "é", "]", "a b", "-", "!", "#a", "*", "\\", "[", "1", "ac"]
PATTERNS = st.lists(st.lists(st.sampled_from(_PIECES), min_size=1, max_size=6).map("".join), min_size=1, max_size=5)
PATHS = st.lists(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4).map("/".join), min_size=20, max_size=20)


def excluded(rules: Rules, path: str) -> bool:
    """Whether a file is left out by itself or by a folder that it is in, as a walk finds out."""
    parts = path.split("/")
    for end in range(1, len(parts) + 1):
        if rules.verdict("/".join(parts[:end]), parts[end - 1], folder=end < len(parts)):
            return True
    return False


def excluded_by_git(repository: Path, paths: Sequence[str]) -> set[str]:
    command = ["git", "check-ignore", "--no-index", "--verbose", "--non-matching", "-z", "--stdin"]
    told = subprocess.run(command, cwd=repository, input="\0".join(paths).encode(), capture_output=True, check=False)
    assert told.returncode in (0, 1), told.stderr
    fields = told.stdout.decode().split("\0")
    rows = zip(fields[2::4], fields[3::4], strict=False)
    return {path for pattern, path in rows if pattern and not pattern.startswith("!")}


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.skipif(os.name == "nt", reason="git on Windows takes a backslash for a slash")
@settings(max_examples=150, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patterns=PATTERNS, paths=PATHS)
@example(patterns=["*a*a*a*b/c", "a/**/b", "**/é", "?"], paths=["aaab/c", "a/b", "a/x/y/b", "x/é", "é", "b"])
def test_patterns_match_what_git_matches(tmp_path: Path, patterns: list[str], paths: list[str]) -> None:
    if not (tmp_path / ".git").exists():
        subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / ".git/info/exclude").write_text("\n".join(patterns) + "\n", "utf-8")
    rules = Rules(patterns, source="the test")
    assert {path for path in paths if excluded(rules, path)} == excluded_by_git(tmp_path, paths)


@pytest.mark.parametrize(
    "pattern",
    [
        "*a" * 30 + "*b/c",
        "\\a*" * 30 + "b",
        "**/" + "*a*/" * 30 + "b",
        "[a]*" * 30 + "b",
        "*a" + "?" * 40,
        "a/**" * 30 + "/b",
    ],
)
def test_an_answer_takes_time_linear_in_the_path(pattern: str) -> None:
    rules = Rules([pattern], source="the test")

    def cost(length: int) -> float:
        name = "a" * length
        best = float("inf")
        for _ in range(7):
            start = time.thread_time()
            for path in (name, f"{name}/c", f"a/{name}", "a/" * (length // 2) + "a"):
                rules.verdict(path, path.rpartition("/")[2], folder=False)
            best = min(best, time.thread_time() - start)
        return best

    cost(200_000)  # the engine makes its tables at first
    assert cost(200_000) < 10 * cost(50_000) + 0.005


def test_what_is_beyond_the_bounds_is_left_out_and_named(caplog: pytest.LogCaptureFixture) -> None:
    globs = [f"?{number:05}*x" for number in range(MAX_GLOB_CHARACTERS)]
    with caplog.at_level(logging.WARNING):
        rules = Rules(["first.py", "*" * 5000, *globs], source="here/.gitignore")
    assert rules.verdict("first.py", "first.py", folder=False)
    assert rules.verdict("a00000x", "a00000x", folder=False)
    assert not rules.verdict("a16000x", "a16000x", folder=False)
    assert len(caplog.messages) == 4, "three lines, and how many there are"
    assert all(message.startswith("here/.gitignore: ") for message in caplog.messages)


def test_very_many_patterns_are_looked_up() -> None:
    lines = [f"*.x{number}\nname{number}\n/a/b{number}\nstart{number}*" for number in range(4000)]
    rules = Rules("\n".join(lines).split("\n"), source="the test")
    for path in ("a.x7", "b/name9", "a/b3999", "d/start5.py"):
        assert rules.verdict(path, path.rpartition("/")[2], folder=False), path
    assert rules.verdict("c/b3999", "b3999", folder=False) is None
    assert rules.cost < 10


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_no_pipe_is_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, {"a.py": "", "sub/b.py": "", ".git/HEAD": "", ".git/info/x": ""})
    for path in (".gitignore", "sub/.seeklineignore", ".git/info/exclude"):
        os.mkfifo(tmp_path / path)
    (tmp_path / "sub" / ".gitignore").mkdir()
    assert {"a.py", "sub/b.py"} <= set(project(workspace(tmp_path), tmp_path).paths)
    with caplog.at_level(logging.WARNING):  # swapped after the walk saw a file there
        assert ignore.read_rules(f"{tmp_path}/", ".gitignore").verdict("a", "a", folder=False) is None
    assert caplog.messages == [f"{tmp_path}/.gitignore is left out: it is no file"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_git_info_exclude_behind_a_link_is_not_read(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"exclude": "a.py\n"})
    root = write(tmp_path / "root", {"a.py": "", ".git/HEAD": ""})
    (root / ".git/info").symlink_to(outside, target_is_directory=True)
    assert "a.py" in project(workspace(root), root).paths


def test_a_listing_with_hostile_ignore_files_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listing, "MAX_COST_US", 1_000_000)
    hostile = "\n".join("*a" * 200 + f"*{number}/b" for number in range(200))
    folders = {f"{'d/' * depth}{kind}": hostile for depth in range(30) for kind in (".gitignore", "b.py")}
    with caplog.at_level(logging.WARNING):
        paths = project(workspace(write(tmp_path, folders)), tmp_path).paths
    assert {"b.py", "d/b.py"} <= set(paths)
    assert "d/" * 29 + "b.py" not in paths
    assert any("is listed in part" in message for message in caplog.messages)


def test_a_folder_of_very_many_entries_is_listed_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_ENTRIES", 50)
    write(tmp_path, {f"many/{number}.py": "" for number in range(200)} | {"a.py": ""})
    assert len(project(workspace(tmp_path), tmp_path).paths) == 51


def test_folders_may_be_very_deep(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "", "d/" * 300 + ".gitignore": "b.py\n", "d/" * 300 + "b.py": "", "d/" * 300 + "c.py": ""})
    paths = set(project(workspace(tmp_path), tmp_path).paths)
    assert paths == {"a.py", "d/" * 300 + ".gitignore", "d/" * 300 + "c.py"}
    # Where nothing is, but the editor says so.
    assert "a.py" in project(workspace(tmp_path), tmp_path, "n/" * 1500 + "x.py").paths
