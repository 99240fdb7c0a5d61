"""The context benchmark draws the cases that its published figures are of."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

TEXTS = Path(__file__).parents[1] / "learn" / "texts"


class WordsOfOthers:
    """A `Gold` for which a word means the first line of another file that has it."""

    def __init__(self, bench: Any, texts: dict[str, str]) -> None:
        self._name = bench("gold.asking").Name
        self._texts = texts

    def needs(self, file: str, lines: Sequence[int]) -> dict[int, list[Any]]:
        rows = self._texts[file].splitlines()
        return {line: list(self._names(file, rows[line - 1])) for line in lines}

    def _names(self, file: str, row: str) -> Any:
        for word in re.finditer(r"[a-z_]{4,}", row):
            for other, text in self._texts.items():
                where = [n for n, line in enumerate(text.splitlines(), 1) if word[0] in line]
                if other != file and where:
                    yield self._name(name=word[0], column=word.start(), kind="word", places=((other, where[0]),))
                    break

    def close(self) -> None:
        pass


@pytest.mark.parametrize(("ending", "expected"), [("\n", "4b2818e211bc7cdc"), ("\r\n", "731dbdd64dda1d3b")])
def test_the_cases_drawn(bench: Any, tmp_path: Path, ending: str, expected: str) -> None:
    names = ("garden", "odd", "route")
    texts = {f"{name}.py": (TEXTS / f"{name}.py.txt").read_text("utf-8") for name in names}
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text.replace("\n", ending).encode())
    corpora = bench("corpora")
    unused = {"source": "", "package": "", "version": None, "keep": (), "drop": (), "folder": ".", "cases": None}
    corpus = corpora.Corpus(name="made-up", root=tmp_path, languages=("python",), **unused)
    cases = list(bench("cases").cases_of(corpus, "python", WordsOfOthers(bench, texts), 40))
    assert {case["kind"] for case in cases} == {"line", "symbol"}
    for case in cases:
        case.pop("root")
        rows = case["text"].split("\n")
        row, column = rows[case["line"] - 1], case["column"] - 1
        rows[case["line"] - 1] = row[:column] + case["cut"] + row[column:]
        assert "\n".join(rows) == texts[case["file"]].replace("\n", ending)
    assert hashlib.sha256(json.dumps(cases, sort_keys=True).encode()).hexdigest()[:16] == expected
