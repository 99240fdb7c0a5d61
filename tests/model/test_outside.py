"""Files from outside: what one may cost is known before it is parsed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from seekline.model import UnreadableFile, outside

DEEP = [
    b"[" * 100_000,
    b"[" * 65 + b"]" * 65,
    b'{"a":' * 100_000,
    b'{"a":' * 65 + b"1" + b"}" * 65,
    b'["\\\\", ' + b"[" * 100_000,
    b'["\\"", ' + b"[" * 100_000,
    b'["]]]]", ' * 70 + b"1" + b"]" * 70,
    b"[{}," * 70,
]


@pytest.mark.parametrize("content", DEEP)
def test_json_that_is_too_deep(content: bytes) -> None:
    with pytest.raises(UnreadableFile, match="a name is more than 64 levels deep"):
        outside.parse_json(content, name="a name")


@pytest.mark.parametrize(
    "value", [["[[[[" * 1000], ["\\", '"[', "\\\\["] * 1000, [[], {}] * 1000, {"a" * 1000: '\\"' * 1000}]
)
def test_json_that_only_looks_deep(value: object) -> None:
    assert outside.parse_json(json.dumps(value).encode(), name="a name") == value


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"1" * 5000, b"[1" + b"0" * 400 + b"]", b'"\\'])
def test_what_is_no_json(content: bytes) -> None:
    with pytest.raises(UnreadableFile, match="a name is not JSON"):
        outside.parse_json(content, name="a name")


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "{a=" * 100_000,
        'a = ["""x"""", ' + "[" * 100_000,
        "a = ['''x'''', " + "[" * 100_000,
        'a = ["\\"", ' + "[" * 100_000,
        "a = ['\\', " + "[" * 100_000,
        "a = [ # ' \n" + "[" * 100_000,
    ],
)
def test_toml_that_is_too_deep(text: str) -> None:
    with pytest.raises(UnreadableFile, match="more than 32 levels deep"):
        outside.parse_toml(text, name="a name")


@pytest.mark.parametrize(
    "text", ["a." * 100_000 + "a = 1", "[" + "a . " * 100_000 + "a]", "x = {" + '"a".' * 99 + "a=1}"]
)
def test_toml_keys_of_too_many_parts(text: str) -> None:
    """The parser's time grows with the square of their number."""
    with pytest.raises(UnreadableFile, match="key of more than 32 parts"):
        outside.parse_toml(text, name="a name")


def test_toml_that_only_looks_deep() -> None:
    text = "a = [\"[[[\", '[[\\', \"\"\"[\n[\"\"\", '''[''']\n# [[[[\nb = [" + "1.5, " * 1000 + "]\n"
    found = outside.parse_toml(text * 1, name="a name")
    assert found["a"] == ["[[[", "[[\\", "[\n[", "["]
    assert len(found["b"]) == 1000
    many = "\n".join(f'k{n} = "[{{"' for n in range(100))
    assert len(outside.parse_toml(many, name="a name")) == 100


@pytest.mark.parametrize("number", ["0x" + "f" * 10_000, "9" * 1000, "9" * 10_000, "-9223372036854775809"])
def test_toml_numbers_beyond_64_bits(number: str) -> None:
    with pytest.raises(UnreadableFile, match="is not TOML"):
        outside.parse_toml(f"a = [{{b = {number}}}]", name="a name")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # sparse: reading it would take all memory
    with pytest.raises(UnreadableFile, match="has more than 1,000 bytes"):
        outside.read_bytes(path, limit_bytes=1000)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(UnreadableFile, match="is no regular file"):
        outside.read_json(tmp_path / "fifo", limit_bytes=1000)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there are no devices here")
def test_a_device_is_no_file() -> None:
    with pytest.raises(UnreadableFile, match="is no regular file"):
        outside.read_bytes(Path("/dev/zero"), limit_bytes=1000)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="there is no /proc here")
def test_a_file_that_says_it_is_empty_is_bounded() -> None:
    with pytest.raises(UnreadableFile, match="has more than 10 bytes"):
        outside.read_bytes(Path("/proc/self/maps"), limit_bytes=10)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path, tmp_path / "a\0b"):
        with pytest.raises(UnreadableFile):
            outside.read_bytes(path, limit_bytes=10)


WAYS_OUT = ["../x", "a/../../x", "/etc/passwd", "C:x", "C:\\x", "a\\..\\x", "//host/share/x", "..", "a/.."]
NO_NAMES = ["", "a\0", "x" * 256, "é" * 128, "a/" * 2000 + "x", "\ud800"]


@pytest.mark.parametrize("name", [*WAYS_OUT, *NO_NAMES], ids=lambda name: ascii(name[:20]))
def test_names_that_lead_out_of_a_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFile, match="names a file that is not in it"):
        outside.file_in(tmp_path, name)


def test_links_lead_into_the_folder_or_to_blobs(tmp_path: Path) -> None:
    snapshot = tmp_path / "models--a--b" / "snapshots" / "123"
    blobs = tmp_path / "models--a--b" / "blobs"
    for folder in (snapshot, blobs, tmp_path / "other"):
        folder.mkdir(parents=True)
    for target in (blobs / "1", tmp_path / "other" / "2", snapshot / "3"):
        target.write_text("x", "utf-8")
    (snapshot / "good").symlink_to("../../blobs/1")
    (snapshot / "inside").symlink_to("3")
    (snapshot / "bad").symlink_to(tmp_path / "other" / "2")
    (snapshot / "circle").symlink_to("circle")
    (tmp_path / "other" / "good").symlink_to(blobs / "1")
    assert outside.file_in(snapshot, "good").read_text("utf-8") == "x"
    assert outside.file_in(snapshot, "inside").is_file()
    for folder, name in ((snapshot, "bad"), (tmp_path / "other", "good")):
        with pytest.raises(UnreadableFile, match="is a link out of its folder"):
            outside.file_in(folder, name)
