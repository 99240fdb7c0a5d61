"""URIs: which path each names, and that none of them raises."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seekline.server.lsp import uris
from seekline.server.lsp.uris import name_of, path_of

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="paths of POSIX systems")
WINDOWS = pytest.mark.skipif(sys.platform != "win32", reason="paths of Windows")


@POSIX
@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b.py", "/a/b.py"),
        ("FILE:///a/b.py", "/a/b.py"),
        ("file:/a/b.py", "/a/b.py"),
        ("file://localhost/a/b.py", "/a/b.py"),
        ("file:////a//b.py", "/a/b.py"),
        ("file:///a/./c/../b.py", "/a/b.py"),
        ("file:///a/%2e%2E/b.py", "/b.py"),
        ("file:///a%2Fb%2Epy", "/a/b.py"),
        ("file:///%C3%A9%20%F0%9F%99%82.py", "/é 🙂.py"),
        ("file:///é.py", "/é.py"),
        ("file:///a%FF.py", os.fsdecode(b"/a\xff.py")),
        ("file:///%ZZ.py", "/%ZZ.py"),
        ("file:///../../a.py", "/a.py"),
    ],
)
def test_a_file_has_one_path_however_its_uri_is_written(uri: str, path: str) -> None:
    assert path_of(uri) == name_of(uri) == Path(path)


@WINDOWS
@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///C:/a/b.py", "C:\\a\\b.py"),
        ("file:///c:/a/b.py", "C:\\a\\b.py"),
        ("file:///c%3A/a//b.py", "C:\\a\\b.py"),
        ("file://server/share/b.py", "\\\\server\\share\\b.py"),
    ],
)
def test_a_file_has_one_path_on_windows(uri: str, path: str) -> None:
    assert str(path_of(uri)) == path


MALFORMED = {
    "an open bracket": "file://[",
    "a NUL": "file:///a%00b.py",
    "another NUL": "file:///a\0b.py",
    "half a surrogate pair": "file:///\ud800.py",
    "no absolute path": "file:a/b.py",
    "nothing": "file://",
    "a megabyte": "file:///" + "a" * 1_000_000,
    "a megabyte of folders": "file:///" + "a/" * 500_000,
    "more folders than a path has": "file:///" + "a/" * 20_000,
    "a device": "file://./pipe/x",
}
if sys.platform != "win32":
    MALFORMED["another machine"] = "file://server/share/b.py"


@pytest.mark.parametrize("uri", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_uri_is_no_file_and_is_named_once(uri: str, caplog: pytest.LogCaptureFixture) -> None:
    uris._path_of.cache_clear()
    uris._warn.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert path_of(uri) is None
            assert not name_of(uri).is_absolute(), "it is only a name"
    assert len(caplog.messages) == 1
    assert "names no file" in caplog.messages[0]
    assert len(caplog.messages[0]) < 1000


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("untitled:Untitled-1", "Untitled-1"),
        ("untitled:", "untitled"),
        ("", "untitled"),
        ("git:/a/.env?ref", "/a/.env"),
        ("vscode-notebook-cell:/a/b.ipynb#X1", "/a/b.ipynb"),
        ("http://[", "untitled"),
        ("untitled:" + "a" * 1_000_000, "untitled"),
    ],
)
def test_what_is_no_file_has_a_name(uri: str, name: str) -> None:
    assert path_of(uri) is None
    assert name_of(uri) == Path(name)


@given(st.text(), st.sampled_from(["", "file:", "file://", "file:///", "untitled:", "http://["]))
def test_no_uri_raises(text: str, start: str) -> None:
    path = path_of(start + text)
    assert path is None or path.is_absolute()
    assert name_of(start + text).parts


@given(st.lists(st.sampled_from(["%", "2", "f", "0", "/", "..", ".", "\\", "[", "]", "@", ":", "c", "\ud800"])))
def test_no_odd_uri_raises(parts: list[str]) -> None:
    path = path_of("file://" + "".join(parts))
    assert path is None or (path.is_absolute() and ".." not in path.parts)
