"""Products with the codes that a file has, in C and in torch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from seekline.model.backends.llama import native_structures
from seekline.model.backends.llama.model_loader import _packed_linears
from seekline.model.backends.llama.native_matrices import PackedMatrix, WeightFormat, pack_stored
from seekline.model.backends.llama.quantization import stored_int4
from seekline.model.backends.llama.store import QuantizedStore
from seekline.model.backends.llama.stored_matrix import StoredMatrix, stacked
from seekline.model.backends.llama.weights import MatrixReader

compiled = pytest.mark.skipif(
    not native_structures.is_compiled(), reason="the C code is not compiled here, or not for this processor"
)


def stored(outputs: int, *, group: int, symmetric: bool, most: int = 15, ordered: bool = False) -> StoredMatrix:
    """A matrix of 256 inputs as a file may have it, its scales and zeros in numbers of 16 bits."""
    generator = torch.Generator().manual_seed(outputs + group)
    scales = torch.rand(outputs, 256 // group, generator=generator).half().float()
    zeros = -8 * scales if symmetric else -torch.rand(outputs, 256 // group, generator=generator).half().float()
    return StoredMatrix(
        codes=torch.randint(0, most + 1, (outputs, 256), generator=generator, dtype=torch.uint8),
        scales=scales,
        zeros=zeros,
        order=torch.randperm(256, generator=generator) if ordered else None,
    )


@compiled
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("group", [32, 64, 128, 256])
def test_a_product_with_the_codes_of_a_file(group: int, symmetric: bool, ordered: bool, rows: int) -> None:
    weight = stored(40, group=group, symmetric=symmetric, ordered=ordered)
    packed = pack_stored(weight)
    assert packed.format == (WeightFormat.INT4_BY_32_SYMMETRIC if symmetric else WeightFormat.INT4_BY_32)
    # Rows whose codes are the numbers themselves: nothing is rounded but sums.
    inputs = torch.randint(-127, 128, (rows, 256), generator=torch.Generator().manual_seed(rows)).float()
    inputs[:, :: native_structures.HALF] = 127
    if ordered:
        inputs[:, weight.order] = inputs.clone()
    wanted = inputs.double() @ weight.dense().double().T
    torch.testing.assert_close(packed(inputs)[:, :40].double(), wanted, rtol=1e-5, atol=1e-2)


class Codes:
    """A matrix that is in a file as codes."""

    def __init__(self, matrix: StoredMatrix) -> None:
        self.reads = 0
        self._matrix = matrix

    def stored(self) -> StoredMatrix:
        self.reads += 1
        return self._matrix

    @property
    def reader(self) -> MatrixReader:
        return MatrixReader(dense=self._matrix.dense, stored=self.stored)


@compiled
@pytest.mark.parametrize(
    ("group", "most", "format", "error"),
    [
        (32, 15, WeightFormat.INT4_BY_32, 0.01),
        (32, 31, WeightFormat.INT8, 0.01),
        (16, 255, WeightFormat.INT8, 0.01),
        (16, 7, WeightFormat.INT4_BY_32, 0.05),
    ],
)
def test_codes_of_a_file_become_a_product_that_there_is(
    group: int, most: int, format: WeightFormat, error: float, tmp_path: Path
) -> None:
    weight = stored(32, group=group, symmetric=False, most=most, ordered=True)
    inputs = torch.randn(3, 256, generator=torch.Generator().manual_seed(1))
    wanted = inputs @ weight.dense().T
    codes = Codes(weight)
    for _ in range(2):
        store = QuantizedStore(tmp_path / "kept.safetensors", "these")
        packed = _packed_linears("stored", store)("a", codes.reader)
        store.keep()
        store.close()
        assert isinstance(packed, PackedMatrix)
        assert packed.format == format
        assert (packed(inputs) - wanted).norm() < error * wanted.norm()
        assert codes.reads == 1, "what was unpacked is kept"


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("group", [32, 64, 128, 256])
def test_torch_multiplies_by_the_codes_of_a_file(group: int, ordered: bool) -> None:
    weight = stored(32, group=group, symmetric=False, ordered=ordered)
    product = stored_int4(weight, "cpu")
    assert product is not None
    inputs = torch.randn(3, 256, generator=torch.Generator().manual_seed(1))
    wanted = inputs @ weight.dense().T
    assert (product(inputs) - wanted).norm() < 0.01 * wanted.norm()


@pytest.mark.parametrize(("outputs", "group", "most"), [(32, 16, 15), (32, 32, 31), (20, 32, 15)])
def test_torch_lacks_products_with_some_codes(outputs: int, group: int, most: int) -> None:
    assert stored_int4(stored(outputs, group=group, symmetric=False, most=most), "cpu") is None
    assert stored_int4(stored(32, group=32, symmetric=False), "mps") is None


def test_matrices_stand_one_below_the_other_where_their_groups_and_orders_are_one() -> None:
    one, other = stored(32, group=32, symmetric=False), stored(16, group=32, symmetric=False)
    both = stacked([one, other])
    assert both is not None
    torch.testing.assert_close(both.dense(), torch.cat([one.dense(), other.dense()]))
    assert stacked([one, stored(16, group=64, symmetric=False)]) is None
    assert stacked([one, stored(16, group=32, symmetric=False, ordered=True)]) is None
    shuffled = stored(32, group=32, symmetric=False, ordered=True)
    assert stacked([shuffled, stored(16, group=32, symmetric=False, ordered=True)]) is None
    assert stacked([shuffled, shuffled]) is not None
