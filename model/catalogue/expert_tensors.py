"""Whether every expert of a mixture is whole: libraries make one tensor of all of them, and fill or misplace what is
missing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ..errors import BrokenCheckpoint

_EXPERT = re.compile(r"(.*\.experts\.)(\d{1,4})(\..*)", re.DOTALL)


def check_experts(names: Iterable[str], path: Path) -> None:
    """Raises `BrokenCheckpoint` where one expert of a layer lacks a tensor that another has. `names`: of all tensors of
    the model at `path`."""
    parts_of: dict[str, dict[int, set[str]]] = {}
    for name in names:
        found = _EXPERT.fullmatch(name)
        if found is not None:
            parts_of.setdefault(found[1], {}).setdefault(int(found[2]), set()).add(found[3])
    for layer, experts in sorted(parts_of.items()):
        every = set().union(*experts.values())
        for number in range(1 + max(experts)):
            missing = sorted(every - experts.get(number, set()))
            if missing:
                raise BrokenCheckpoint(
                    f"The weights in {path} lack {layer[:150]}{number}{missing[0][:50]}.", "Download the model again."
                )
