"""What is in the modules that the code around the cursor names."""

from __future__ import annotations

from ..facts import Fact
from .notebook import Evidence


def note(evidence: Evidence) -> None:
    for module, nearness in evidence.modules_nearby.items():
        evidence.note_module(module, Fact.MODULE_NEARBY, nearness, f"in module `{module.spec}`")
