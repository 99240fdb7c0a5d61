"""The command line, as tests run it in their own process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


class Run:
    """What one command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def rows(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Seekline = Callable[..., Run]
