"""Checks that a model computes finite numbers: without, every completion would be empty and nobody told why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import BrokenCheckpoint

if TYPE_CHECKING:
    import torch


def check_finite(logits: torch.Tensor) -> None:
    """Raises `BrokenCheckpoint` where a forward pass overflowed. Waits for the device."""
    if not bool(logits.isfinite().all()):
        raise BrokenCheckpoint(
            "The model computes infinite numbers, or none.",
            "Set dtype = bfloat16 or float32; if that does not help, download the model again.",
        )


def check_useful(logits: torch.Tensor) -> None:
    """Raises `BrokenCheckpoint` where a forward pass overflowed, or where no token is likelier than another."""
    check_finite(logits)
    if logits.numel() > 1 and bool((logits == logits.flatten()[0]).all()):
        raise BrokenCheckpoint(
            "The model finds every token equally likely: its weights are empty.", "Download the model again."
        )
