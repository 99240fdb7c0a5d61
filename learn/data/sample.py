"""A sample that a model is tuned on: a prompt as the server would give it, and what should follow. One line of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from ... import fim


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """`pieces`: the prompt; only a `Special` becomes a control token. `completion`: what is learned, behind which the
    model ends where `ends` says so. `kind`: the sort of middle, or "left to right". It is `text[start:end]` of the
    file, in code points and with line feeds as line ends, but for what healing has the model write again. `changed`:
    when the file last was, in seconds since 1970. `group`: the same for files of a repository that are nearly the same;
    empty for one that is like no other, or where that was not looked for."""

    repository: str
    path: str
    language: str
    kind: str
    start: int
    end: int
    pieces: tuple[fim.Text | fim.Special, ...]
    completion: str
    ends: bool = True
    changed: float = 0.0
    group: str = ""


def sample_row(sample: Sample) -> dict[str, Any]:
    """As JSON has it."""
    pieces = [
        ["text", piece.text] if isinstance(piece, fim.Text) else ["special", piece.token] for piece in sample.pieces
    ]
    return {**asdict(sample), "pieces": pieces}


def write_sample(sample: Sample, file: TextIO) -> None:
    file.write(json.dumps(sample_row(sample), ensure_ascii=False) + "\n")


def read_samples(path: Path) -> Iterator[Sample]:
    """One after the other, whatever their number. Raises `OSError`, and `ValueError` for a line that is no sample."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            found = json.loads(line)
            yield Sample(**{**found, "pieces": tuple(_pieces(found["pieces"]))})


def _pieces(found: Iterable[tuple[str, str]]) -> Iterator[fim.Text | fim.Special]:
    for kind, value in found:
        yield fim.Text(value) if kind == "text" else fim.Special(value)
