"""What is drawn from given texts with given seeds is what has always been drawn.

The figures of the model card are of the positions that evaluation draws; the recipe of the embedded model is of the
middles that training draws. The values here were computed with the code that drew them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from seekline.learn.corpus_file import CorpusFile
from seekline.learn.middles import (
    HALF_WHOLE_LINES,
    RESTS,
    ContextWindow,
    candidate_lines,
    draw_middle,
    draw_tasks,
    draw_tasks_in,
)
from seekline.learn.middles.middle import Kind
from seekline.learn.recipe import Mix
from seekline.learn.samples import fill_in, make_sample

FOLDER = Path(__file__).parent / "texts"
TEXTS = {path.name.partition(".")[0]: path.read_text("utf-8") for path in sorted(FOLDER.iterdir())}
LANGUAGES = (
    *("python", "javascript", "typescript", "tsx", "go", "rust", "java", "c"),
    *("cpp", "csharp", "ruby", "php", "kotlin", "scala", "lua", "swift"),
)
MIXED = """
use crate::garden::{
    Bed,
    Forecast,
};
pub(crate) use crate::water;
import { Bed } from "./garden";
export * from "./forecast";
const barrel = require("barrel");
#include <garden.h>
class Bed;
struct Forecast forecast;
using Garden.Beds;
// water the bed
/* water the
 * bed */
-- water the bed
# water the bed
let litres = bed.area() * LITRES;
bed:water(litres)
@import Garden
}));
échelle = bed.water(1)
"""
CODE = ("garden", "odd", "route")
UNUSUAL = Mix(left_to_right_share=0.5, middle_reaching=0.7, middle_span=0.3, closers_share=0.9, empty_suffix_share=0.6)


def digest(rows: Iterable[object]) -> str:
    return hashlib.sha256("\n".join(map(repr, rows)).encode()).hexdigest()[:16]


def encode(text: str) -> list[int]:
    """An id for each byte, so that nothing follows from a vocabulary."""
    return [6 + byte for byte in text.encode()]


def test_middles_of_training() -> None:
    rows = []
    for name in CODE:
        for seed in range(400):
            mix = (Mix(), UNUSUAL)[seed % 2]
            window = ContextWindow(prefix_characters=1000, suffix_characters=100 + seed)
            middle = draw_middle(TEXTS[name], np.random.default_rng(seed), mix, window)
            rows.append((name, seed, middle.start, middle.end, middle.needs_suffix))
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
    files = [CorpusFile(package=packages[name], path=f"{name}.py", text=text) for name, text in TEXTS.items()]
    drawn = draw_tasks(files, 80)
    rows = [(task.file.path, task.middle.kind, task.middle.start, task.answer) for task in drawn]
    assert len(set(rows)) == 80
    assert digest(rows) == "3209a71d38f69ab2"


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [(RESTS, "9ace6cfaee19656a"), (HALF_WHOLE_LINES, "8bc5452368a9d5ba")],
    ids=["rests", "half whole lines"],
)
def test_positions_in_any_language(kinds: tuple[Kind, ...], expected: str) -> None:
    """The same texts read as each language, indented as two editors would."""
    indented = TEXTS["garden"].replace("    ", "\t")
    texts = {"garden": TEXTS["garden"] + MIXED, "indented": indented, "route": TEXTS["route"]}
    files = [CorpusFile(package="one", path=name, text=text) for name, text in texts.items()]
    rows = []
    for language in LANGUAGES:
        drawn = draw_tasks_in(language, files, 40, kinds)
        assert drawn[:20] == draw_tasks_in(language, files, 20, kinds)
        assert drawn != draw_tasks_in(language, files, 40, kinds, seed=8)
        rows += [(language, task.file.path, task.middle.kind, task.middle.start, task.answer) for task in drawn]
    assert digest(rows) == expected


def test_the_lines_that_cases_are_drawn_from() -> None:
    """The same text read as each language, since what is an import or a comment differs."""
    lines = (TEXTS["garden"] + MIXED).splitlines(keepends=True)
    rows = [(language, candidate_lines(lines, language)) for language in LANGUAGES]
    assert len({tuple(numbers) for _, numbers in rows}) > 3
    assert hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16] == "72f7bf1657b1058d"


def test_imports_comments_and_brackets_are_not_drawn() -> None:
    lines = ["use a::{\n", "    Thing,\n", "};\n", "// Thing\n", "let x = Thing::new();\n", "});\n"]
    assert candidate_lines(lines, "rust") == [5]
