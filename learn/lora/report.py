"""What a training came to, with all that is needed to judge it: report.json."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..errors import NoTraining
from ..files import write_text
from .memory import Fit
from .options import LEAST_FALL, MOST_HARM
from .train import Point, Progress
from .verdict import Change, Verdict

REPORT = "report.json"
_PACKAGES = ("seekline", "torch", "transformers", "peft")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`date`: ISO 8601, UTC. `choices`: the recipe. `files`: how many samples of which sort there are and of which
    files. `why`: the training ended. `adapter`: where it lies; None without a gain."""

    date: str
    machine: dict[str, Any]
    versions: dict[str, str]
    choices: dict[str, Any]
    files: dict[str, Any]
    points: tuple[Point, ...]
    seconds: float
    tokens: int
    tokens_per_second: float
    why: str
    verdict: Verdict
    adapter: str | None

    @property
    def line(self) -> str:
        """The verdict in one line."""
        if self.adapter is not None:
            return f"{self.verdict.line}."
        rule = f"the first has to fall by {LEAST_FALL:.0%}, the second may rise by {MOST_HARM:.0%}"
        return f"{self.verdict.line}: {rule}. Nothing is kept."

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "gain": self.verdict.is_gain, "line": self.line}


def write_report(folder: Path, report: Report) -> None:
    write_text(folder / REPORT, json.dumps(report.as_json(), indent=1, ensure_ascii=False) + "\n")


def read_report(folder: Path) -> Report | None:
    """What `write_report` wrote; None where it did not. Raises `NoTraining` for a report of something else, or of
    another version."""
    path = folder / REPORT
    try:
        text = path.read_text("utf-8")
    except OSError:
        return None
    except ValueError as error:
        raise _foreign(path) from error
    try:
        return _read(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _foreign(path) from error


def _foreign(path: Path) -> NoTraining:
    return NoTraining(
        f"{path} is no report of a training, or one of another version: nothing is written there.",
        "Give another folder (--out DIR); where a training was, --restart begins anew.",
    )


def _read(found: dict[str, Any]) -> Report:
    del found["gain"], found["line"]
    verdict = found.pop("verdict")
    points = found.pop("points")
    return Report(
        **found,
        points=tuple(Point(**point) for point in points),
        verdict=Verdict(
            held_out=Change(**verdict["held_out"]),
            elsewhere=Change(**verdict["elsewhere"]),
            scale=verdict["scale"],
        ),
    )


def machine(fit: Fit, threads: int) -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "device": fit.device.name,
        "title": fit.device.title,
        "threads": threads if fit.device.kind == "cpu" else None,
        "dtype": fit.dtype,
        "qlora": fit.qlora,
        "pass_tokens": fit.pass_tokens,
        "gradient_checkpointing": fit.checkpointing,
        "estimated_bytes": fit.bytes,
        "free_bytes": fit.device.free_bytes,
    }


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def speed(progress: Progress) -> float:
    """Tokens a second, measuring and saving included."""
    return round(progress.tokens / max(progress.seconds - progress.points[0].seconds, 1e-3), 1)
