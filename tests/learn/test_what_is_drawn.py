"""What is drawn from given texts with given seeds is what has always been drawn.

The figures of the model card are of the positions that evaluation draws; the recipe of the embedded model is of the
holes that training draws. The values here were computed with the code that drew them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from seekline.learn.corpus import Document
from seekline.learn.cursors import draw_cursors
from seekline.learn.holes import Sight, choose_hole
from seekline.learn.recipe import Mix
from seekline.learn.samples import fill_in, make_sample

FOLDER = Path(__file__).parent / "texts"
TEXTS = {path.name.partition(".")[0]: path.read_bytes().decode() for path in sorted(FOLDER.iterdir())}
CODE = ("garden", "odd", "route")
UNUSUAL = Mix(left_to_right_share=0.5, middle_reaching=0.7, middle_span=0.3, closers_share=0.9, empty_suffix_share=0.6)


def digest(rows: Iterable[object]) -> str:
    return hashlib.sha256("\n".join(map(repr, rows)).encode()).hexdigest()[:16]


def encode(text: str) -> list[int]:
    """An id for each byte, so that nothing follows from a vocabulary."""
    return [6 + byte for byte in text.encode()]


def test_holes_of_training() -> None:
    rows = []
    for name in CODE:
        for seed in range(400):
            mix, sight = (Mix(), UNUSUAL)[seed % 2], Sight(back=1000, ahead=100 + seed)
            hole = choose_hole(TEXTS[name], np.random.default_rng(seed), mix, sight)
            rows.append((name, seed, hole.start, hole.end, hole.needs_suffix))
    assert len({row[2:] for row in rows}) > 500
    assert digest(rows) == "740bf00798a5f83a"


def test_samples_of_training() -> None:
    rows = []
    for name in CODE:
        for seed in range(200):
            size, mix = (65, 300, 1025)[seed % 3], (Mix(), UNUSUAL)[seed % 2]
            for make in (make_sample, fill_in):
                sample = make(TEXTS[name], size, np.random.default_rng(seed), encode, mix)
                rows.append((name, seed, sample.ids, tuple(map(int, sample.targets))))
    assert digest(rows) == "2e230a8d74591822"


def test_positions_of_evaluation() -> None:
    packages = {"garden": "one", "odd": "two", "broken": "two", "route": "two"}
    files = [Document(package=packages[name], path=f"{name}.py", text=text) for name, text in TEXTS.items()]
    drawn = draw_cursors(files, 80)
    rows = [(place.document.path, place.stratum, place.offset, place.answer) for place in drawn]
    assert len(set(rows)) == 80
    assert digest(rows) == "3209a71d38f69ab2"
