"""What git tells of a repository, with real ones; nothing that a repository names is run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from repositories import alone, commit, git, needs_git
from seekline.learn.history import History

pytestmark = needs_git


@pytest.fixture(autouse=True)
def no_settings_of_mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no repository is found above the test's folder."""
    alone(tmp_path, monkeypatch)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "--quiet")
    commit(root, {"old.py": "a\nb\nc\n", "both.py": "x\n", "part/näme with\nend.py": "n\n"}, at=1_500_000_000)
    commit(root, {"both.py": "x\ny\n", "part/new.py": "p\n"}, at=1_600_000_000)
    return root


def test_when_files_were_last_changed(repository: Path) -> None:
    history = History.of(repository)
    assert history.problem is None
    assert history.changed("old.py") == 1_500_000_000
    assert history.changed("both.py") == 1_600_000_000
    assert history.changed("part/näme with\nend.py") == 1_500_000_000
    assert history.changed("not_there.py") is None


def test_a_folder_inside_a_repository(repository: Path) -> None:
    history = History.of(repository / "part")
    assert history.problem is None
    assert history.changed("new.py") == 1_600_000_000
    assert history.changed("näme with\nend.py") == 1_500_000_000
    assert history.changed("old.py") is None
    assert history.uncommitted_lines("new.py", "p\nq\n") == {1}


def test_a_merge_touches_nothing(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "side", "HEAD~1")
    commit(repository, {"side.py": "s\n"}, at=1_550_000_000)
    git(repository, "checkout", "--quiet", "-")
    git(repository, "merge", "--quiet", "--no-ff", "-m", "merged", "side", at=1_700_000_000)
    history = History.of(repository)
    assert history.changed("side.py") == 1_550_000_000
    assert history.changed("both.py") == 1_600_000_000


@pytest.mark.parametrize(
    ("path", "text", "lines"),
    [
        ("old.py", "a\nb\nc\n", set[int]()),
        ("old.py", "a\nB\nc\n", {1}),
        ("old.py", "new\na\nb\nc\nlast", {0, 4}),
        ("old.py", "a\r\nb\r\nc\r\n", set[int]()),
        ("old.py", "a\r\nb\r\nchanged\r\n", {2}),
        ("old.py", "a\nc\n", set[int]()),
        ("untracked.py", "1\n2", {0, 1}),
    ],
)
def test_uncommitted_lines(repository: Path, path: str, text: str, lines: set[int]) -> None:
    assert History.of(repository).uncommitted_lines(path, text) == lines


def test_long_files_that_differ_everywhere_take_linear_time(repository: Path) -> None:
    same = ["{", "}"] * 10_000
    commit(repository, {"long.c": "\n".join(["first", *same, "last"])}, at=1_600_000_001)
    text = "\n".join(["FIRST", *reversed(same), "LAST"])
    assert History.of(repository).uncommitted_lines("long.c", text) == {0, 20_001}


def test_files_in_large_file_storage_are_not_compared(repository: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"
    commit(repository, {"large.py": pointer}, at=1_600_000_001)
    assert History.of(repository).uncommitted_lines("large.py", "a\nb\n") == set()


def test_what_a_submodule_has_is_not_told(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    commit(other, {"inner.py": "i\n"}, at=1_400_000_000)
    git(repository, "submodule", "--quiet", "add", str(other), "deep/module")
    commit(repository, {}, at=1_600_000_002)
    history = History.of(repository)
    assert history.uncommitted_lines("deep/module/inner.py", "i\nj\n") == set()
    assert history.uncommitted_lines("deep/beside.py", "i") == {0}
    own = History.of(repository / "deep/module")
    assert own.changed("inner.py") == 1_400_000_000
    assert own.uncommitted_lines("inner.py", "i\nj\n") == {1}


def check_nothing(root: Path, problem: str) -> None:
    history = History.of(root)
    assert history.problem is not None
    assert problem in history.problem
    assert history.changed("old.py") is None
    assert history.uncommitted_lines("old.py", "a\nB\n") == set()
    assert not history.is_untracked("old.py")


def test_no_repository(tmp_path: Path) -> None:
    check_nothing(tmp_path, "not a git repository")
    check_nothing(tmp_path / "not there", "is no folder")


def test_an_empty_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    check_nothing(tmp_path, "no commit yet")


def test_a_bare_repository(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), "bare")
    check_nothing(tmp_path / "bare", "bare")
    check_nothing(repository / ".git", "git's own")


def test_no_git(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing here"))
    check_nothing(repository, "git is not installed")


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_the_repository_s_own_git_is_not_run(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = leave_behind(repository / "git", repository / "ran")
    for path in (str(own.parent), "."):
        monkeypatch.setenv("PATH", path)
        monkeypatch.chdir(repository)
        check_nothing(repository, "is not run")
    assert not (repository / "ran").exists()


@pytest.mark.parametrize("spoiled", ["HEAD", "config", "objects"])
def test_a_broken_repository(repository: Path, spoiled: str) -> None:
    if spoiled == "objects":
        shutil.rmtree(repository / ".git/objects")
        (repository / ".git/objects").mkdir()
    else:
        (repository / ".git" / spoiled).write_bytes(b"[broken\0")
    check_nothing(repository, "")


def test_a_shallow_clone_tells_lines_but_no_times(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", repository.as_uri(), "shallow")
    history = History.of(tmp_path / "shallow")
    assert history.problem is not None
    assert "shallow" in history.problem
    assert history.changed("old.py") is None
    assert history.uncommitted_lines("old.py", "a\nB\nc\n") == {1}


def leave_behind(program: Path, trace: Path) -> Path:
    program.write_text(f'#!/bin/sh\necho "$0 $@" >> "{trace}"\nexit 1\n')
    program.chmod(0o755)
    return program


def lay_traps(repository: Path, evil: Path) -> None:
    names = (
        *("core.fsmonitor", "core.pager", "pager.log", "core.sshCommand", "core.editor", "core.gitProxy"),
        *("diff.external", "diff.all.command", "diff.all.textconv", "interactive.diffFilter"),
        *("filter.all.clean", "filter.all.smudge", "filter.all.process", "core.alternateRefsCommand"),
        *("gpg.program", "gpg.ssh.program", "credential.helper", "sequence.editor"),
        *("remote.origin.uploadpack", "uploadpack.packObjectsHook"),
    )
    for name in names:
        git(repository, "config", name, str(evil))
    settings = {
        "log.showSignature": "true",
        "core.hooksPath": str(repository / "hooks"),
        "diff.orderFile": "nothing",
        "protocol.ext.allow": "always",
        "protocol.allow": "always",
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": f"ext::{evil}",
        "core.untrackedCache": "true",
    }
    for name, value in settings.items():
        git(repository, "-c", "core.fsmonitor=false", "config", name, value)
    (repository / ".git/info/attributes").write_text("* filter=all diff=all\n")
    (repository / ".gitattributes").write_text("* filter=all diff=all\n")
    (repository / ".git/objects/info/alternates").write_text(f"{evil.parent}/nowhere\n")
    (repository / "hooks").mkdir()


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_nothing_that_a_configuration_names_is_run(repository: Path, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    lay_traps(repository, leave_behind(tmp_path / "evil", trace))
    for name in ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc", "fsmonitor-watchman"):
        leave_behind(repository / "hooks" / name, trace)
    trace.unlink(missing_ok=True)
    history = History.of(repository)
    assert history.problem is None
    assert history.changed("old.py") == 1_500_000_000
    assert history.uncommitted_lines("old.py", "a\nB\nc\n") == {1}
    # One object is missing: git would fetch it from where the configuration says.
    blob = history.blobs["old.py"]
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    assert history.uncommitted_lines("old.py", "a\nB\nc\n") == set()
    assert not trace.exists(), trace.read_text()
    # The trap does spring where nothing is switched off.
    subprocess.run(["git", "cat-file", "blob", blob], cwd=repository, check=False, capture_output=True)
    assert trace.exists()
