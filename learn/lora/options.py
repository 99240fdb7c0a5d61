"""Every choice of a training on one page. All of it shapes the adapter; what does not is `Run`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HoldOut = Literal["time", "hash", "auto"]
Targets = Literal["all", "attention"]

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
ALL_LINEARS = (*ATTENTION, "gate_proj", "up_proj", "down_proj")
LEAST_FALL = 0.02
"""Of the held-out loss: an adapter that brings less is not kept."""
MOST_HARM = 0.01
"""By how much the loss on other code may rise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The defaults of rate and batch were measured with the embedded model (learn/README.md).

    `rate`: of AdamW, at its highest. `batch_tokens`: of one step, padding included; `row_tokens`: of one sample, prompt
    and completion together. `evaluations`: how often in a whole run the held-out loss is measured, at most, of which
    `patience` in a row may bring nothing. `measured`: so many held-out samples, and as many of other code.
    `held_out_share`: of the files.
    """

    targets: Targets = "all"
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    rate: float = 2.5e-3
    weight_decay: float = 0.0
    warm_up_share: float = 0.05
    batch_tokens: int = 4096
    row_tokens: int = 1024
    epochs: int = 3
    evaluations: int = 8
    measured: int = 200
    patience: int = 3
    held_out: HoldOut = "auto"
    held_out_share: float = 0.1
    seed: int = 0

    @property
    def modules(self) -> tuple[str, ...]:
        return ALL_LINEARS if self.targets == "all" else ATTENTION


def usual_rate(hidden: int) -> float:
    """The rate for a model whose rows have so many numbers: 2.5e-3 with the 256 of the embedded model, where it was
    measured (learn/README.md), and less for wider ones, as in Schulman et al. 2025, "LoRA Without Regret"."""
    return float(f"{2.5e-3 * (256 / hidden) ** 0.775:.2g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How one run is made. `minutes`: of training, at most, over all its sittings; None: as long as the epochs take.
    `qlora`: the base in four bits; None: where memory asks for it."""

    minutes: float | None = 30.0
    device: str = "auto"
    threads: int | None = None
    qlora: bool | None = None
    save_seconds: float = 60.0
