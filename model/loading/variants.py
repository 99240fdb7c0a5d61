"""In which order the formats that a model is here in are tried on a device, and which cannot run at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ..catalogue.catalogue import Entry
from ..catalogue.sources import Source
from ..catalogue.weight_bytes import mixes, types
from .hardware import Device

_BITS_OF_FOUR = 4.16
_BITS_AS_PUBLISHED = 16.0
_LEAST_GOOD_BITS, _MOST_FAST_BITS = 4.0, 5.0


def by_preference(sources: Sequence[Source], device: Device) -> list[Source]:
    """The best first.

    What is published in 16 bits comes first: how it is quantized here was measured. Of files a GPU takes the one with
    most bits that fits. A CPU reads all weights for each token, so four to five bits come first, then more, then fewer,
    which lose too much; and last 16 bits that nothing here can quantize.
    """
    published = [source for source in sources if _bits(source) >= _BITS_AS_PUBLISHED]
    files = [source for source in sources if source not in published]
    on_cpu = device.kind == "cpu"
    slow = [source for source in published if on_cpu and source.entry is not None and source.entry.llama is None]
    fast = [source for source in published if source not in slow]
    return [*fast, *sorted(files, key=_rank_on_cpu if on_cpu else _rank), *slow]


def label(source: Source) -> str:
    """A format in words."""
    return source.format if source.quantization is None else f"{source.format} {source.quantization}"


def _bits(source: Source) -> float:
    """Of a weight, about."""
    if source.format in ("gptq", "awq"):
        return _BITS_OF_FOUR
    if source.quantization is None:
        return _BITS_AS_PUBLISHED
    return types()[mixes()[source.quantization].type].bits


def _rank(source: Source) -> tuple[float, int]:
    """The most bits first, of as many the better mix."""
    names = list(mixes())
    return -_bits(source), names.index(source.quantization) if source.quantization in names else len(names)


def _rank_on_cpu(source: Source) -> tuple[int, float, int]:
    bits, (_, position) = _bits(source), _rank(source)
    if _LEAST_GOOD_BITS <= bits <= _MOST_FAST_BITS:
        return 0, -bits, position
    return (1, bits, position) if bits > _MOST_FAST_BITS else (2, -bits, position)


def by_entry(sources: Sequence[Source]) -> Iterator[tuple[Entry, list[Source]]]:
    """The formats in which each model is here, which follow each other."""
    for entry, group in groupby(sources, key=lambda source: source.entry):
        assert entry is not None
        yield entry, list(group)
