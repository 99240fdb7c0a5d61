"""Four and eight bits: what the codes stand for, what the packs multiply, and how much is lost."""

from __future__ import annotations

import pytest
import torch
from seekline.model.backends.llama import quantization
from seekline.model.backends.llama.linears import DenseLinear, MatVecLinear
from seekline.model.backends.llama.tuning import choose_threads, tune


def matrix(outputs: int, inputs: int, *, outliers: bool = False) -> torch.Tensor:
    generator = torch.Generator().manual_seed(outputs + inputs)
    weight = torch.randn(outputs, inputs, generator=generator) * 0.02
    if outliers:
        weight[:, ::61] *= 6
    return weight


def error(weight: torch.Tensor, steps: int) -> float:
    codes = quantization.int4_codes(weight, steps=steps)
    return float((quantization.from_codes(*codes) - weight).square().mean())


@pytest.mark.parametrize("rows", [1, 3, 40])
def test_the_packs_multiply_what_their_codes_stand_for(rows: int) -> None:
    weight, batch = matrix(96, 192), torch.randn(rows, 192)
    codes, scales = quantization.int4_codes(weight)
    exact = batch @ quantization.from_codes(codes, scales).T
    assert torch.allclose(quantization.pack_int4(codes, scales)(batch), exact, atol=0.02)
    assert torch.allclose(quantization.to_int8(weight)(batch), batch @ weight.T, atol=0.02)


def test_eight_bits_by_group() -> None:
    weight = matrix(96, 192, outliers=True)
    codes, pairs = quantization.int8_codes(weight)
    restored = quantization.from_codes(codes, pairs, middle=0)
    largest = weight.view(96, 3, 64).abs().amax(-1, keepdim=True).expand(-1, -1, 64).reshape(96, 192)
    assert ((restored - weight).abs() <= 0.51 * largest / 127 + 0.004 * weight.abs()).all(), "half a step of the group"


@pytest.mark.parametrize("outliers", [False, True])
def test_fitted_groups_lose_less_than_rounding(outliers: bool) -> None:
    weight = matrix(128, 512, outliers=outliers)
    assert error(weight, 5) < 0.9 * error(weight, 0)


def test_no_group_becomes_worse() -> None:
    weight = matrix(64, 256, outliers=True)

    def by_group(steps: int) -> torch.Tensor:
        restored = quantization.from_codes(*quantization.int4_codes(weight, steps=steps))
        return (restored - weight).square().reshape(64, -1, quantization.GROUP).sum(-1)

    assert (by_group(5) <= 1.05 * by_group(0)).all(), "but for the rounding of scales to 16 bits"


@pytest.mark.parametrize("value", [0.0, 1.0, -0.37])
def test_a_constant_matrix_stays_what_it_is(value: float) -> None:
    weight = torch.full((16, 64), value)
    assert torch.allclose(quantization.from_codes(*quantization.int4_codes(weight)), weight, atol=2e-3, rtol=1e-2)
    assert torch.isfinite(quantization.int4_codes(weight)[1]).all()


def test_shapes_that_do_not_fill_the_tiles_are_left_alone() -> None:
    assert quantization.can_be_int4(matrix(32, 128))
    assert not quantization.can_be_int4(matrix(32, 100))
    assert not quantization.can_be_int4(matrix(30, 128))


def test_a_single_row_by_another_product() -> None:
    weight, batch = matrix(8, 16), torch.ones(3, 16)
    assert torch.allclose(MatVecLinear(weight)(batch[:1]), DenseLinear(weight)(batch)[:1], atol=1e-6)
    assert torch.allclose(MatVecLinear(weight)(batch), DenseLinear(weight)(batch), atol=1e-6)


def test_threads_and_chunks_are_chosen_among_what_there_is() -> None:
    before = torch.get_num_threads()
    try:
        assert choose_threads(DenseLinear(matrix(64, 64)), 64, torch.float32, 2) in (1, 2)
        tuning = tune([DenseLinear(matrix(64, 64)), MatVecLinear(matrix(64, 64))], 64, torch.float32)
    finally:
        torch.set_num_threads(before)
    assert tuning.product in (0, 1)
    assert tuning.chunk_tokens == 512, "a small matrix makes no cancel wait"
