"""The rows of a set's file, one after the other: JSON lines, plain or gzipped, or one JSON list.

What is wrong is told with its line and field. Of a file of lines never more than one is in memory.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from ...errors import SetUnreadable

_LINE_BYTES = 16_000_000
_LIST_BYTES = 64_000_000
_REMEDY = "Download the file again from where the set is published."


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One object of the file, and where it stands in it: `file.jsonl, line 3`."""

    where: str
    values: dict[str, Any]


def read_rows(path: Path) -> Iterator[Row]:
    """Raises `SetUnreadable`, which names the line."""
    try:
        with _opened(path) as file:
            yield from _rows_of_list(file, path) if _is_list(path) else _rows_of_lines(file, path)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise SetUnreadable(f"{path} is no whole gzip file: {error}.", _REMEDY) from error
    except OSError as error:
        raise SetUnreadable(f"{path} cannot be read: {error.strerror or error}.", "Check the name.") from error


def text_of(row: Row, field: str) -> str:
    """Raises `SetUnreadable` where the field is missing or no text."""
    found = _value_of(row, field)
    if not isinstance(found, str):
        raise SetUnreadable(f"{row.where}: the field `{field}` is {_kind(found)}, not a text.", _REMEDY)
    return found


def number_of(row: Row, field: str) -> int:
    """Raises `SetUnreadable` where the field is missing or no whole number."""
    found = _value_of(row, field)
    if not isinstance(found, int) or isinstance(found, bool):
        raise SetUnreadable(f"{row.where}: the field `{field}` is {_kind(found)}, not a whole number.", _REMEDY)
    return found


def texts_of(row: Row, field: str) -> list[str]:
    """Raises `SetUnreadable` where the field is missing or no list of texts."""
    found = _value_of(row, field)
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise SetUnreadable(f"{row.where}: the field `{field}` is {_kind(found)}, not a list of texts.", _REMEDY)
    return found


def object_of(row: Row, field: str) -> Row:
    """Raises `SetUnreadable` where the field is missing or no object."""
    found = _value_of(row, field)
    if not isinstance(found, dict):
        raise SetUnreadable(f"{row.where}: the field `{field}` is {_kind(found)}, not an object.", _REMEDY)
    return Row(where=f"{row.where}, field `{field}`", values=found)


def _value_of(row: Row, field: str) -> object:
    if field not in row.values:
        raise SetUnreadable(f"{row.where}: the field `{field}` is missing.", _REMEDY)
    return row.values[field]


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _is_list(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith(".json")


def _rows_of_lines(file: BinaryIO, path: Path) -> Iterator[Row]:
    number = 0
    while line := file.readline(_LINE_BYTES + 1):
        number += 1
        where = f"{path.name}, line {number}"
        if len(line) > _LINE_BYTES:
            raise SetUnreadable(f"{where} has more than {_LINE_BYTES:,} bytes.", _REMEDY)
        if line.strip():
            yield _row(_parsed(line, where), where)


def _rows_of_list(file: BinaryIO, path: Path) -> Iterator[Row]:
    text = file.read(_LIST_BYTES + 1)
    if len(text) > _LIST_BYTES:
        raise SetUnreadable(f"{path.name} has more than {_LIST_BYTES:,} bytes.", "Give it as JSON lines.")
    found = _parsed(text, path.name)
    if not isinstance(found, list):
        raise SetUnreadable(f"{path.name} is {_kind(found)}, not a list of objects.", _REMEDY)
    for number, values in enumerate(found, 1):
        where = f"{path.name}, entry {number}"
        yield _row(values, where)


def _parsed(text: bytes, where: str) -> object:
    try:
        return json.loads(text.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SetUnreadable(f"{where} is not UTF-8 text ({error}).", _REMEDY) from error
    except (ValueError, RecursionError) as error:
        raise SetUnreadable(f"{where} is not JSON ({error}).", _REMEDY) from error


def _row(values: object, where: str) -> Row:
    if not isinstance(values, dict):
        raise SetUnreadable(f"{where} is {_kind(values)}, not an object.", _REMEDY)
    return Row(where=where, values=values)
