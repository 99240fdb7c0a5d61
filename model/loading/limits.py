"""Which models `auto` leaves to who names them: one waits too long for them."""

from __future__ import annotations

from ..catalogue.catalogue import Entry
from .hardware import Device

# Beyond this a CPU needs a good part of a second per token, quantized or not.
_LARGEST_AUTOMATIC_CPU_PARAMETERS = 2_000_000_000
# A larger model that fits a GPU only in 4 bits is so large for it that prefill takes seconds.
_LARGEST_AUTOMATIC_NF4_PARAMETERS = 8_000_000_000


def is_too_slow(entry: Entry, device: Device) -> bool:
    """Whether one waits too long for a model, so that only who names it gets it."""
    return device.kind == "cpu" and entry.active_parameters > _LARGEST_AUTOMATIC_CPU_PARAMETERS


def is_large(entry: Entry) -> bool:
    """Whether a GPU has to hold all of a model's bits to be fast with it."""
    return entry.active_parameters > _LARGEST_AUTOMATIC_NF4_PARAMETERS
