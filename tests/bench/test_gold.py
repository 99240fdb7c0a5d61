"""What the context benchmark takes for a case, and what it takes for granted of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("language", "text", "left"),
    [
        ("swift", 'let a = "b" // c\n', "let a ="),
        ("java", "f(/* g */ 'h', i)\n", "f( , i)"),
        ("rust", "fn f<'a>(x: &'a str) {}\n", "fn f<'a>(x: &'a str) {}"),
        ("ruby", "a = 1 # b\n", "a = 1"),
        ("lua", "a = 1 -- b\n", "a = 1"),
        ("csharp", 'a = @"\\" + b;\n', "a = + b;"),
    ],
)
def test_comments_and_strings_are_blank(bench: Any, language: str, text: str, left: str) -> None:
    masked = bench("gold.masking").mask(text, language)
    assert " ".join(masked.split()) == left
    assert len(masked) == len(text)


@pytest.mark.parametrize(
    ("path", "drawn"),
    [
        ("src/a.py", True),
        ("tests/a.py", False),
        ("src/_tests/a.py", False),
        ("src/test_a.py", False),
        (".x/a.py", False),
    ],
)
def test_tests_are_not_drawn_from(bench: Any, tmp_path: Path, path: str, drawn: bool) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text("x = 1\n")
    assert bench("gold.drawing").source_files(tmp_path, "python") == ([path] if drawn else [])


FILES = {
    "Lamp.swift": "class Lamp {\n  func glow() { let inner = 1 }\n  private func fade() {}\n}\nfunc lightAll() {}\n",
    "Room.swift": "class Room {\n  let lamp = Lamp()\n  func enter() { lamp.glow(); lightAll() }\n}\n",
}


def needs(bench: Any, root: Path, line: int) -> list[tuple[str, list[tuple[str, int]]]]:
    for name, text in FILES.items():
        (root / name).write_text(text)
    found = bench("gold.unique").Unique(root, "swift", []).needs("Room.swift", [line])
    return [(name.name, list(name.places)) for name in found.get(line, [])]


def test_a_name_that_one_other_file_defines_is_a_need(bench: Any, tmp_path: Path) -> None:
    assert needs(bench, tmp_path, 2) == [("Lamp", [("Lamp.swift", 1)])]
    assert needs(bench, tmp_path, 3) == [("glow", [("Lamp.swift", 2)]), ("lightAll", [("Lamp.swift", 5)])]


def test_what_is_private_or_local_is_no_definition_for_others(bench: Any, tmp_path: Path) -> None:
    needs(bench, tmp_path, 2)
    found = bench("gold.definitions").definitions(tmp_path, "swift")
    reachable = {one.name for one in found if one.reachable}
    assert reachable == {"Lamp", "glow", "lightAll", "Room", "lamp", "enter"}


def test_the_list_of_repositories_can_be_read(bench: Any) -> None:
    found = bench("corpora").read_list()
    languages = {language for corpus in found for language in corpus.languages}
    assert languages == set(bench("gold.drawing").LANGUAGES)
    assert len({corpus.name for corpus in found}) == len(found)
