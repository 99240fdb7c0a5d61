"""Files of weights that are damaged, or made for something else: what is wrong is said, and what to do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy
import pytest
from safetensors.numpy import save_file
from seekline import model
from seekline.learn.mixture.weights import untrained
from seekline.model.loading.mixture_file import read_mixture
from tiny_models import load, save_llama

REMEDY = "Download the model again|Run the download again"


def write(path: Path, **changes: numpy.ndarray | None) -> Path:
    """Weights with other tensors in the place of some, or without them."""
    tensors = {**asdict(untrained()), **changes}
    save_file({name: values for name, values in tensors.items() if values is not None}, path)
    return path


def filled(value: float, *shape: int, dtype: str = "float32") -> numpy.ndarray:
    return numpy.full(shape, value, dtype=dtype)


def check(path: Path, problem: str) -> None:
    with pytest.raises(model.BrokenCheckpoint, match=problem) as raised:
        read_mixture(path)
    assert str(path) in raised.value.problem
    assert any(remedy in raised.value.remedy for remedy in REMEDY.split("|"))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"first_bias": None}, "has no tensor 'first_bias'"),
        ({"second": None}, "has no tensor 'second'"),
        ({"weight": filled(1, 14, 2)}, r"has 'weight' as F32 \(14, 2\), not as F32 \(14, 3\)"),
        ({"first": filled(1, 63, 2)}, r"has 'first' as F32 \(63, 2\), not as F32 \(63, 1\)"),
        ({"rest": filled(1, 2, dtype="float64")}, r"has 'rest' as F64 \(2,\), not as F32 \(2,\)"),
        (
            {"second": filled(1, 65), "first_bias": filled(1, 65), "first": filled(1, 63, 65)},
            "65 units, not of 1 to 64",
        ),
        ({"second": filled(1, 0), "first_bias": filled(1, 0), "first": filled(1, 63, 0)}, "0 units"),
        ({"second": filled(1)}, r"has 'second' as F32 \(\), not"),
        ({"scale": filled(numpy.nan, 63)}, "has numbers in 'scale' that no fit gives"),
        ({"rest": filled(numpy.inf, 2)}, "has numbers in 'rest' that no fit gives"),
        ({"constant": filled(-1, 14)}, "has numbers in 'constant' that no fit gives"),
    ],
)
def test_weights_that_do_not_fit(changes: dict[str, numpy.ndarray | None], problem: str, tmp_path: Path) -> None:
    check(write(tmp_path / "mixture.safetensors", **changes), problem)


@pytest.mark.parametrize("kept", [0, 5, 100, -1])
def test_a_file_that_was_cut_short(kept: int, tmp_path: Path) -> None:
    path = write(tmp_path / "mixture.safetensors")
    path.write_bytes(path.read_bytes()[:kept])
    check(path, "is no safetensors file|its header announces")


def test_the_widest_network_that_there_is_room_for(tmp_path: Path) -> None:
    path = write(
        tmp_path / "mixture.safetensors", second=filled(1, 64), first_bias=filled(1, 64), first=filled(1, 63, 64)
    )
    assert read_mixture(path).first.shape == (63, 64)


def test_a_model_with_a_damaged_mixture_is_told_when_it_is_loaded(tmp_path: Path) -> None:
    folder = save_llama(tmp_path / "model")
    write(folder / "mixture.safetensors", mean=None)
    with pytest.raises(model.BrokenCheckpoint, match="has no tensor 'mean'"):
        load(folder)
