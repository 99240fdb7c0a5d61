"""Files in the formats of the published sets, with tasks of our own."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2] / "shared" / "data" / "human-eval-infilling"
LINES = ["def doubled(number: int) -> int:\n", "    result = number\n", "    result += number\n", "    return result\n"]
TEST = "def check(candidate):\n    assert candidate(4) == 8\n    assert candidate(0) == 0\n"


def infilling(line: int, name: str = "SingleLineInfilling") -> dict[str, Any]:
    return {
        "task_id": f"{name}/HumanEval/0/L{line}",
        "entry_point": "doubled",
        "prompt": "".join(LINES[:line]),
        "suffix": "".join(LINES[line + 1 :]),
        "canonical_solution": LINES[line],
        "test": TEST,
    }


def humaneval(number: int) -> dict[str, Any]:
    return {
        "task_id": f"HumanEval/{number}",
        "prompt": '\n\ndef doubled(number: int) -> int:\n    """ Twice the number. """\n',
        "entry_point": "doubled",
        "canonical_solution": f"    return {number} * 0 + 2 * number\n",
        "test": TEST,
    }


def mbpp(number: int) -> dict[str, Any]:
    return {
        "task_id": number,
        "text": f"Write a function that adds {number}.",
        "code": f"def add(value):\r\n\treturn value + {number}",
        "test_list": [f"assert add(1) == {number + 1}", f"assert add(0) == {number}"],
        "test_setup_code": "",
        "challenge_test_list": [],
    }


def sanitized(number: int) -> dict[str, Any]:
    row = mbpp(number)
    return {
        "source_file": "ours",
        "task_id": number,
        "prompt": row["text"],
        "code": row["code"],
        "test_imports": ["import math"],
        "test_list": [*row["test_list"], f"assert add(math.floor(0.5)) == {number}"],
    }


def ds_1000(number: int, *, has_string_test: bool = False) -> dict[str, Any]:
    context = (
        "def test_execution(solution: str):\n    values = {'numbers': [1, 2, 3]}\n    exec(solution, values)\n"
        "    assert values['result'] == 6\n"
    )
    if has_string_test:
        context += "def test_string(solution: str):\n    assert 'for' not in solution.split()\n"
    return {
        "prompt": "Problem:\nAdd the numbers.\n<code>\nnumbers = [1, 2, 3]\n</code>\nBEGIN SOLUTION\n<code>\n",
        "reference_code": "result = sum(numbers)\n",
        "metadata": {"problem_id": number, "library": "Numpy", "perturbation_type": "Origin"},
        "code_context": context,
    }


def santacoder(language: str = "java") -> dict[str, Any]:
    return {
        "name": "doubled",
        "language": language,
        "prompt": "int doubled(int number) {\n",
        "suffix": "}\n",
        "canonical_solution": "    return 2 * number;\n",
        "tests": "",
    }


def all_mbpp() -> list[dict[str, Any]]:
    return [mbpp(number) for number in (1, 2, 3, 4, 10, 11, 12, 510, 511)]


def write_lines(path: Path, rows: Iterable[dict[str, Any] | str]) -> Path:
    """One line each; a row that is text stands as it is. Gzipped where the name says so."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    text = "".join(line + "\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path
