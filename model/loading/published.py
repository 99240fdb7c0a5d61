"""What is known of a format in which a model is published, before it is here, and which suits this machine."""

from __future__ import annotations

from collections.abc import Sequence

from ..catalogue.catalogue import Entry
from ..catalogue.checkpoint import Checkpoint
from ..catalogue.expected import expected_checkpoint
from ..catalogue.sources import Source, published_of, published_sources
from ..catalogue.wanted import WantedWeights
from ..errors import ModelNotInstalled, OutOfMemory, UnsupportedArchitecture
from .hardware import find_device
from .plan import plan_named
from .request import ModelRequest
from .variants import label


def best_published(entry: Entry, wanted: ModelRequest) -> Source:
    """The format of a model that suits this machine best, of those that `wanted` admits: what to download. The smallest
    where none fits. Imports torch.

    Raises `ModelNotInstalled` where it is not published so, and what `make_plan` raises.
    """
    sources = published_sources(entry, wanted.weights)
    check_published(entry, sources, wanted.weights)
    if len(sources) == 1:
        return sources[0]
    try:
        return plan_named(sources, expected, find_device(wanted.device), wanted).source
    except (OutOfMemory, UnsupportedArchitecture):
        return min(sources, key=published_bytes)


def check_published(entry: Entry, sources: Sequence[Source], weights: WantedWeights) -> None:
    """Raises `ModelNotInstalled` where `sources`, those of a model that `weights` admits, are none."""
    if not sources:
        there = ", ".join(label(source) for source in published_sources(entry)) or "none that are published"
        raise ModelNotInstalled(f"{entry.name} is not published as {weights}.", f"Its formats: {there}.")


def published_bytes(source: Source) -> int:
    """How much there is to download; 0 where nothing is."""
    published = published_of(source)
    if published is None:
        return 0
    return published.sizes[source.quantization or next(iter(published.sizes))]


def expected(source: Source) -> Checkpoint:
    """What will be found in a source once it is here."""
    assert source.entry is not None
    stored = None if source.format == "safetensors" else published_bytes(source)
    return expected_checkpoint(source.entry, source.format, stored)
