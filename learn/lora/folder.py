"""The folder of a training: whether it is one, and what of it the training may take away again.

Whatever else lies there is the user's, and stays.
"""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import NoTraining
from ..files import draft_of, remove
from ..recipe import RECIPE
from .page import PAGE
from .report import REPORT, Report, read_report
from .train import CHECKPOINT

ELSEWHERE = "elsewhere.jsonl"
BEFORE = "before.json"
ADAPTER = "adapter"
_OWN = (ADAPTER, CHECKPOINT, BEFORE, ELSEWHERE, PAGE, RECIPE)
"""But for the report, by which a folder is known while it has no recipe."""
_CHOICES = {"options", "base", "samples", "elsewhere"}
"""What the recipe of a training says, and no other one."""


def report_in(folder: Path, *, restart: bool) -> Report | None:
    """The report of a training that is over; None where it is under way, or has not begun: in a new or empty folder.

    Raises `NoTraining` for a folder that has something else. Where a training is begun anew (`restart`), its report
    may be another version's, which is not read.
    """
    try:
        found = read_report(folder)
    except NoTraining:
        if restart and _has_recipe(folder):
            return None
        raise
    if found is None and not _has_recipe(folder) and not _is_empty(folder):
        raise NoTraining(
            f"{folder} is not empty, and is no folder of a training: nothing is written there.",
            "Give a new folder: --out DIR.",
        )
    return found


def clear(folder: Path) -> None:
    """Takes away what a training wrote, but for its report. Raises `OSError`."""
    for name in _OWN:
        remove(folder / name)
        remove(draft_of(folder / name))
    remove(draft_of(folder / REPORT))


def _has_recipe(folder: Path) -> bool:
    try:
        found = json.loads((folder / RECIPE).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.keys() >= _CHOICES


def _is_empty(folder: Path) -> bool:
    """Whether there is nothing, or only what a training that was killed at its very beginning left."""
    if not folder.is_dir():
        return True  # whoever writes there says what is wrong with it
    return {path.name for path in folder.iterdir()} <= {draft_of(folder / RECIPE).name}
