"""Files that others wrote, read without trust: what one may cost is known before it is parsed.

One way for all of them: a regular file, no larger than its reader expects, no deeper than a parser can follow, numbers
that are no bombs. The server reads settings and project files by it, the model its folder. It knows neither's meaning.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, BinaryIO, TypeVar

import tomli
from pydantic import TypeAdapter, ValidationError

from .errors import UnreadableFile

T = TypeVar("T")

MAX_JSON_DEPTH = 64
MAX_TOML_DEPTH = 32
MAX_KEY_PARTS = 32
"""Of a dotted key: the parser's time grows with the square of them."""
MAX_NAME_PARTS = 8
MAX_NAME_BYTES = 255
"""Of a file or a folder: no common file system takes a longer name."""
MAX_DIGITS = 100
"""Of a whole number in JSON. Tokenizers write "no limit" with 31 of them."""

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_BLOCK_BYTES = 1 << 20
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
"""How files of zip, gzip, bzip2, xz and zstd begin. None is ever unpacked."""
_TO_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_TOML_MARK = re.compile(r'"""|\'\'\'|["\'#\n\[\]{}.,=]')
_TOML_END = {
    '"': re.compile(r'\\.|["\n]', re.DOTALL),
    "'": re.compile(r"['\n]"),
    '"""': re.compile(r'\\.|"{3,5}', re.DOTALL),
    "'''": re.compile(r"'{3,5}"),
    "#": re.compile(r"\n"),
}
_TOML_INTEGER = range(-(1 << 63), 1 << 63)


def open_file(path: Path) -> BinaryIO:
    """A file to be read. Raises `UnreadableFile`, never waits: a FIFO or a device is no file."""
    try:
        file = os.fdopen(os.open(path, _FLAGS), "rb")
    except (OSError, ValueError) as error:  # a ValueError for a name with NUL
        raise UnreadableFile(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise UnreadableFile(path, "is no regular file")
    return file


def read_bytes(path: Path, *, limit_bytes: int) -> bytes:
    """The content of a file. Raises `UnreadableFile`."""
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            # A file may grow, or say that it is empty (as those of /proc do), so the reading is bounded, too.
            content = file.read(limit_bytes + 1) if size <= limit_bytes else b""
        except OSError as error:
            raise UnreadableFile(path, f"cannot be read: {error.strerror}") from error
    if max(len(content), size) > limit_bytes:
        raise UnreadableFile(path, f"has more than {limit_bytes:,} bytes")
    return content


def read_json(path: Path, *, limit_bytes: int) -> Any:
    """What a JSON file says. Raises `UnreadableFile`."""
    return parse_json(read_bytes(path, limit_bytes=limit_bytes), name=path)


def read_toml(path: Path, *, limit_bytes: int) -> dict[str, Any]:
    """What a TOML file says. Raises `UnreadableFile`."""
    content = read_bytes(path, limit_bytes=limit_bytes)
    try:
        return parse_toml(content.decode("utf-8-sig"), name=path)
    except UnicodeDecodeError as error:
        raise UnreadableFile(path, f"is not TOML: {error}") from error


def parse_json(content: bytes, *, name: str | Path) -> Any:
    """What JSON in UTF-8 says. `name`: whose it is. Raises `UnreadableFile`."""
    if content.startswith(_ARCHIVES):
        raise UnreadableFile(name, "is a compressed archive, not JSON")
    check_json_depth(content, name=name)
    try:
        return json.loads(content.decode("utf-8-sig"), parse_int=_whole_number)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(name, f"is not JSON: {error}") from error


def parse_toml(text: str, *, name: str | Path) -> dict[str, Any]:
    """What TOML says. `name`: whose it is. Raises `UnreadableFile`."""
    check_toml_depth(text, name=name)
    try:
        found = tomli.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(name, f"is not TOML: {error}") from error
    waiting: list[Any] = [found]
    while waiting:
        value = waiting.pop()
        if isinstance(value, (dict, list)):
            waiting.extend(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, int) and value not in _TOML_INTEGER:
            raise UnreadableFile(name, "is not TOML: it has a whole number of more than 64 bits")
    return found


def checked(value: Any, schema: TypeAdapter[T], *, name: str | Path) -> T:
    """`value` as `schema` has it. Raises `UnreadableFile`, which names the first place that is wrong."""
    try:
        return schema.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part)[:80] for part in first["loc"])
        raise UnreadableFile(name, f"has something wrong at {where!r}: {first['msg'][:200]}") from error


def check_json_depth(content: bytes, *, name: str | Path) -> None:
    """Raises `UnreadableFile` where lists and objects stand more than `MAX_JSON_DEPTH` deep in each other.

    Takes linear time and no recursion. What is no JSON may pass: the parser stops at the place where it is none.
    """
    brackets = _outside_strings(content.replace(b"\\\\", b"").replace(b'\\"', b""))
    for _ in range(MAX_JSON_DEPTH):
        fewer = brackets.replace(b"[]", b"")
        if len(fewer) == len(brackets):
            break
        brackets = fewer
    # Every round takes away the innermost pairs.
    if b"[]" in brackets or brackets.count(b"[") > MAX_JSON_DEPTH:
        raise UnreadableFile(name, f"is more than {MAX_JSON_DEPTH} levels deep")


def _outside_strings(content: bytes) -> bytes:
    """The brackets of JSON that has no escaped quotes, all of them as square ones, without those in strings."""
    # Without the text between them, the quotes of a string stand side by side.
    marks = content.translate(_TO_SQUARE, _NO_STRUCTURE).replace(b'""', b"")
    found = bytearray()
    in_string = False
    for start in range(0, len(marks), _BLOCK_BYTES):
        # Every other piece is within a string.
        pieces = marks[start : start + _BLOCK_BYTES].split(b'"')
        found += b"".join(pieces[1::2] if in_string else pieces[::2])
        quotes = len(pieces) - 1
        if quotes % 2 == 1:
            in_string = not in_string
    return bytes(found)


def check_toml_depth(text: str, *, name: str | Path) -> None:
    """Raises `UnreadableFile` where tables and lists stand too deep in each other, or a key has too many parts."""
    depth = 0
    dots = 0
    for sign in _toml_signs(text):
        dots = dots + 1 if sign == "." else 0
        if sign in "[{":
            depth += 1
        elif sign in "]}":
            depth = max(0, depth - 1)
        if depth > MAX_TOML_DEPTH:
            raise UnreadableFile(name, f"is more than {MAX_TOML_DEPTH} levels deep")
        if dots >= MAX_KEY_PARTS:
            raise UnreadableFile(name, f"has a key of more than {MAX_KEY_PARTS} parts")


def _toml_signs(text: str) -> Iterator[str]:
    """The brackets, dots, commas, equal signs and line ends that stand in no string and no comment."""
    mark = _TOML_MARK.search(text)
    while mark is not None:
        at = mark.end()
        if mark[0] in _TOML_END:
            at = _after_string(text, at, _TOML_END[mark[0]])
        else:
            yield mark[0]
        mark = _TOML_MARK.search(text, at)


def _after_string(text: str, start: int, end: re.Pattern[str]) -> int:
    """Where a string or comment that begins at `start` is over."""
    for mark in end.finditer(text, start):
        if not mark[0].startswith("\\"):
            return mark.end()
    return len(text)


def file_in(folder: Path, name: str) -> Path:
    """The file that `name` stands for in a model's folder, which need not be there.

    Raises `UnreadableFile` for a name that leads out of the folder, itself or by a link. The files of a snapshot in the
    hub's cache are links into the `blobs` beside it, and no others.
    """
    windows = PureWindowsPath(name)
    parts = PurePosixPath(name).parts
    leads_out = bool(windows.anchor) or ".." in parts
    longest_bytes = max((len(part.encode("utf-8", "surrogatepass")) for part in parts), default=0)
    too_long = longest_bytes > MAX_NAME_BYTES or len(parts) > MAX_NAME_PARTS
    if leads_out or too_long or not name or "\\" in name or not name.isprintable():
        raise UnreadableFile(folder, f"names a file that is not in it: {name[:200]!r}")
    path, home = folder / name, folder.resolve()
    allowed = [home]
    if home.parent.name == "snapshots":
        allowed.append(home.parent.parent / "blobs")
    try:
        target = path.resolve()
    except (OSError, RuntimeError) as error:  # links in a circle are a RuntimeError up to Python 3.12
        raise UnreadableFile(path, f"cannot be read: {error}") from error
    if not any(target.is_relative_to(one) for one in allowed):
        raise UnreadableFile(path, "is a link out of its folder")
    return path


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits")
    return int(digits)
