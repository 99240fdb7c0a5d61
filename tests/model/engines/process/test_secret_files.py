"""The token and the lock: who may read them, and who holds it."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from engine_place import NOBODY
from seekline.model.engines.process.secret_files import read_token, try_lock, write_token
from seekline.model.errors import EngineUnreachable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes and links are another system's")


def test_a_token_is_the_users_alone_and_another_each_time(tmp_path: Path) -> None:
    path = tmp_path / "token"
    assert read_token(path) is None
    before = os.umask(0)
    try:
        tokens = {write_token(path) for _ in range(3)}
    finally:
        os.umask(before)
    assert len(tokens) == 3
    assert read_token(path) in tokens
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def refused(path: Path) -> None:
    for use in (read_token, try_lock):
        with pytest.raises(EngineUnreachable) as error:
            use(path)
        assert str(path) in error.value.problem


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_file_that_others_may_read_or_write(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(mode)
    refused(path)


def test_a_file_of_another_user(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    path = tmp_path / "file"
    path.touch(mode=0o600)
    os.chown(path, NOBODY, NOBODY)
    refused(path)


def test_links_folders_and_pipes(tmp_path: Path) -> None:
    write_token(tmp_path / "token")
    (tmp_path / "link").symlink_to(tmp_path / "token")
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("link", "folder", "pipe"):
        refused(tmp_path / name)


def test_a_full_disk_leaves_the_token_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = write_token(tmp_path / "token")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_token(tmp_path / "token")
    assert read_token(tmp_path / "token") == token
    assert len(list(tmp_path.iterdir())) == 1


def test_one_holds_the_lock_and_so_do_its_copies(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    held = try_lock(path)
    assert held is not None
    assert try_lock(path) is None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=(held,)) as child:
        os.close(held)
        assert try_lock(path) is None, "the child still has it"
        child.kill()
    again = try_lock(path)
    assert again is not None
    os.close(again)


def test_a_lock_whose_file_was_removed_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    held = try_lock(path)
    path.unlink()
    other = try_lock(path)
    assert held is not None
    assert other is not None
    os.close(held)
    assert try_lock(path) is None
    os.close(other)
