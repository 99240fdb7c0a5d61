"""Project files that would hold the interpreter up, or go too deep for a parser, are left out; the others are read."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from project_files import project, workspace, write
from seekline.fim.resolve.json_rows import json_rows


def manifest(root: Path, path: str, text: str) -> tuple[Any, list[str]]:
    """What a project gives for a project file, and the texts that its parser was asked for."""
    view = project(workspace(write(root, {path: text})), root)
    parsed: list[str] = []

    def parse(text: str) -> str:
        parsed.append(text)
        return "parsed"

    return view.manifest(path, parse), parsed


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("package.json", "[" * 100_000),
        ("tsconfig.json", '{"a":' * 100_000),
        ("compile_commands.json", "[" * 100_000),
        ("Cargo.toml", "a = " + "[" * 100_000),
        ("Cargo.toml", "a." * 100_000 + "a = 1"),
        ("package.json", '{"a": "' + "x" * 1_000_000 + '"}'),
        ("go.mod", "x" * 1_000_001),
    ],
    ids=lambda value: value[:30],
)
def test_a_parser_never_sees_them(tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str, text: str) -> None:
    caplog.set_level(logging.INFO, logger="seekline")  # which other tests may have set
    assert manifest(tmp_path, path, text) == (None, [])
    assert f"{path} is left out" in caplog.text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("package.json", json.dumps({"a": ["[" * 1000]})),
        ("Cargo.toml", "a = '[[[[[[[['\n" * 100),
        ("go.mod", "[" * 1000),
        ("compile_commands.json", json.dumps([{"file": "a.c"}] * 100_000)),
    ],
    ids=lambda value: value[:30],
)
def test_others_are_parsed(tmp_path: Path, path: str, text: str) -> None:
    assert manifest(tmp_path, path, text) == ("parsed", [text])


@pytest.mark.parametrize(
    "value",
    [
        [],
        [1],
        [[], {}],
        [{"file": f"{n}.c", "command": "cc " + "x" * (n % 700)} for n in range(3000)],
        [12345] * 100_000,
    ],
    ids=lambda value: str(len(value)),
)
@pytest.mark.parametrize("indent", [None, 2])
def test_rows_are_what_json_says(value: list[Any], indent: int | None) -> None:
    assert list(json_rows(json.dumps(value, indent=indent))) == value


@pytest.mark.parametrize("text", ["", "{}", "[", "[1", "[1 2]", "[1,]", "[,1]", "[" * 100_000, "[x]"])
def test_rows_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"there is no|it is not a list"):
        list(json_rows(text))


def test_one_row_is_bounded() -> None:
    with pytest.raises(ValueError, match="one of more than"):
        list(json_rows(json.dumps([[1] * 200_000])))
