"""Matrices as GPTQ and AWQ pack them, unpacked: several codes in a word of 32 bits.

GPTQ packs along the inputs, its zero points along the outputs, the first in the lowest bits. AWQ packs both along the
outputs, eight in a word, the even ones before the odd ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from ...catalogue.packing import Packing
from .stored_matrix import StoredMatrix

_AWQ_PLACES = (0, 4, 1, 5, 2, 6, 3, 7)
"""Where in a word the codes of eight outputs stand, in fours of bits."""
_ONES = {4: 0x11111111, 8: 0x01010101}
"""A one in each code of a word, by the bits of a code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedCodes:
    """A matrix whose weight is `(code - zero) * scale`, with the zero and the scale of its group.

    `codes`: uint8, shape (outputs, inputs). `zeros`: uint8, `scales`: float32, both of shape (outputs, groups).
    `group_of`: the group of each input, int64, shape (inputs,).
    """

    codes: torch.Tensor
    zeros: torch.Tensor
    scales: torch.Tensor
    group_of: torch.Tensor

    def dense(self) -> torch.Tensor:
        """The weights, float32, shape (outputs, inputs)."""
        stored = self.stored()
        if stored is not None:
            return stored.dense()
        offsets = self.codes.float() - self.zeros[:, self.group_of]
        return offsets * self.scales[:, self.group_of]

    def stored(self) -> StoredMatrix | None:
        """The same with the inputs of a group side by side; None where groups have different sizes."""
        inputs, groups = len(self.group_of), self.scales.shape[1]
        sizes = torch.bincount(self.group_of, minlength=groups)
        if not (sizes * groups == inputs).all():
            return None
        is_ordered = bool((self.group_of.diff() >= 0).all())
        order = None if is_ordered else torch.argsort(self.group_of, stable=True)
        return StoredMatrix(
            codes=self.codes if order is None else self.codes[:, order],
            scales=self.scales,
            zeros=-self.zeros.float() * self.scales,
            order=order,
        )


def unpack(tensors: Mapping[str, torch.Tensor], packing: Packing) -> PackedCodes:
    """The matrix that `tensors` stand for, by the last parts of their names; they have the shapes that
    `packing.shapes` gives, and groups that are there."""
    scales = tensors["scales"].T.float().contiguous()
    if packing.method == "awq":
        codes, zeros = _awq(tensors["qweight"]), _awq(tensors["qzeros"])
    else:
        stored_zeros = tensors["qzeros"]
        if packing.zeros_less_one:
            # One word at a time, carries and all: so they were subtracted.
            stored_zeros = stored_zeros + _ONES[packing.bits]
        codes = _along_words(tensors["qweight"].T, packing.bits)
        zeros = _along_words(stored_zeros, packing.bits).T.contiguous()
    group_of = tensors.get("g_idx")
    if group_of is None:
        group_of = torch.arange(codes.shape[1]) // (packing.group or codes.shape[1])
    return PackedCodes(codes=codes, zeros=zeros, scales=scales, group_of=group_of.long())


def _along_words(words: torch.Tensor, bits: int) -> torch.Tensor:
    """The codes of each row of words, one behind the other, the lowest bits first, uint8."""
    data = words.contiguous().view(torch.uint8)  # the lowest byte first
    return data if bits == 8 else torch.stack([data & 15, data >> 4], -1).flatten(1)


def _awq(words: torch.Tensor) -> torch.Tensor:
    """Codes of shape (outputs, n) from words of shape (n, outputs / 8)."""
    columns = words.T.contiguous()
    count, inputs = columns.shape
    codes = torch.empty(count, len(_AWQ_PLACES), inputs, dtype=torch.uint8)
    for output, place in enumerate(_AWQ_PLACES):
        codes[:, output] = columns >> 4 * place & 15
    return codes.flatten(0, 1)
