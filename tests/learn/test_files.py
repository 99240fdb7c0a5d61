"""What is written whole takes the place of a file, never of a device."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from seekline.learn.files import written_whole

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDWR)
    try:
        with written_whole(path) as draft:
            draft.write_text("all", "utf-8")
        assert stat.S_ISFIFO(path.lstat().st_mode)
        assert os.read(reader, 9) == b"all"
    finally:
        os.close(reader)


@pytest.mark.parametrize("name", ["/dev/null", "/dev/stdout"])
def test_a_device_keeps_its_place(name: str) -> None:
    """Looked at without an end of the writing, so that a mistake replaces nothing of the system's."""
    writing = written_whole(Path(name))
    assert writing.__enter__() == Path(name)
    assert not writing.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)


def test_a_link_is_replaced(tmp_path: Path) -> None:
    """A repository may have one to whatever its maker likes."""
    (tmp_path / "link").symlink_to("/dev/null")
    with written_whole(tmp_path / "link") as draft:
        draft.write_text("all", "utf-8")
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_text("utf-8") == "all"
