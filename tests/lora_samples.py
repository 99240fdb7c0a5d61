"""Samples as `seekline learn data` writes them, made by hand, in a few files of a made-up repository."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seekline import fim
from seekline.learn.data.sample import Sample, write_sample

BEGIN, FIM_BEGIN, FIM_HOLE, FIM_END = (
    fim.Special(token) for token in ("<｜begin▁of▁sentence｜>", "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>")
)
NAMES = ("order", "parcel", "invoice", "carrier", "depot", "address", "customer", "pallet")

OTHER_CODE = '''"""Other code."""


def area(width: float, height: float) -> float:
    """Of a rectangle, in square metres."""
    if width < 0 or height < 0:
        raise ValueError("lengths are positive")
    return width * height


class Counter:
    def __init__(self) -> None:
        self.total = 0

    def add(self, number: int) -> None:
        self.total += number
        print(f"there are {self.total} by now")
'''


def sample(
    path: str = "main.py",
    prefix: str = "def add(a, b):\n    return ",
    completion: str = "a + b",
    suffix: str = "\n",
    *,
    number: int = 0,
    changed: float = 0.0,
    ends: bool = True,
) -> Sample:
    return Sample(
        repository="made-up",
        path=path,
        language="python",
        kind="line",
        start=number,
        end=number + len(completion),
        pieces=(BEGIN, FIM_BEGIN, fim.Text(prefix), FIM_HOLE, fim.Text(suffix), FIM_END),
        completion=completion,
        ends=ends,
        changed=changed,
    )


def habits(*, files: int = 8, each: int = 6) -> list[Sample]:
    """Of a repository with a habit that can be learned: what stands behind each name is always the same."""
    made: list[Sample] = []
    for file in range(files):
        for number in range(each):
            name = NAMES[(file + number) % len(NAMES)]
            made.append(
                sample(
                    f"src/part_{file}.py",
                    f"def move(self, {name}):\n    self.{name} = {name}\n    ",
                    f"self.ledger.record_{name}(depot={file})",
                    "\n    return self\n",
                    number=number,
                    changed=float(file),
                )
            )
    return made


def write(path: Path, samples: Sequence[Sample]) -> Path:
    with path.open("w", encoding="utf-8") as lines:
        for one in samples:
            write_sample(one, lines)
    return path
