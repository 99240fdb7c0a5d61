"""What a training needs is estimated before anything is loaded, and what is done where that is too much."""

from __future__ import annotations

from typing import Any

import pytest
from lora_samples import habits
from seekline import model
from seekline.learn.lora.adapted import Adapted
from seekline.learn.lora.base import find_base
from seekline.learn.lora.memory import fit, trained_parameters
from seekline.learn.lora.options import Options
from seekline.learn.lora.rows import Encoder
from seekline.model.backends.llama.llama_config import LlamaConfig
from seekline.model.catalogue.checkpoint import Checkpoint

DEEPSEEK = LlamaConfig(
    layers=24,
    hidden=2048,
    intermediate=5504,
    heads=16,
    kv_heads=16,
    head_size=128,
    vocabulary=32256,
    context_tokens=16384,
    norm_epsilon=1e-6,
    rope_theta=100_000.0,
    rope_factor=4.0,
    tied=False,
)


def checkpoint(llama: LlamaConfig) -> Checkpoint:
    parameters = sum(rows * (shape[0] if shape else 1) for _, (rows, *shape) in llama.tensors())
    return Checkpoint(
        path=model.embedded_folder(),
        model_type="llama",
        parameters=parameters + (0 if llama.tied else llama.vocabulary * llama.hidden),
        context_tokens=llama.context_tokens,
        kv_bytes_per_token=0,
        vocabulary=llama.vocabulary,
        has_own_code=False,
        llama=llama,
    )


def device(name: str, free_gb: float) -> model.Device:
    dtypes: Any = ("bfloat16", "float16", "float32") if name == "cuda:0" else ("float32", "bfloat16")
    free = int(free_gb * 1e9)
    return model.Device(name=name, title="made up", total_bytes=free, free_bytes=free, fast_dtypes=dtypes)


def test_a_gpu_with_room() -> None:
    found = fit(checkpoint(DEEPSEEK), Options(), device("cuda:0", 80), qlora=None)
    assert (found.dtype, found.qlora, found.checkpointing, found.pass_tokens) == (
        "bfloat16",
        False,
        False,
        Options().batch_tokens,
    )
    assert 2.7e9 < found.bytes < 50e9


def test_less_and_less_room() -> None:
    """First fewer rows at once, then layers computed again, then four bits; then it is said, before anything loads."""
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed (the extra gpu)")
    found = [fit(checkpoint(DEEPSEEK), Options(), device("cuda:0", free), qlora=None) for free in (80, 7, 5, 3)]
    order = [(one.qlora, one.checkpointing, -one.pass_tokens) for one in found]
    assert order == sorted(order)
    assert [one.qlora for one in found] == [False, False, False, True]
    assert found[2].checkpointing
    assert all(one.bytes <= 0.9 * one.device.free_bytes for one in found)
    with pytest.raises(model.OutOfMemory, match=r"needs about 1\.\d GB on cuda:0, of which 1\.0 GB are free"):
        fit(checkpoint(DEEPSEEK), Options(), device("cuda:0", 1), qlora=None)


def test_a_cpu_computes_in_float32() -> None:
    found = fit(checkpoint(DEEPSEEK), Options(), device("cpu", 64), qlora=None)
    assert (found.dtype, found.qlora) == ("float32", False)
    with pytest.raises(model.OutOfMemory, match="Choose a smaller model"):
        fit(checkpoint(DEEPSEEK), Options(), device("cpu", 4), qlora=None)


def test_four_bits_on_a_cpu_are_refused() -> None:
    """Where bitsandbytes has no backward pass that it vouches for."""
    with pytest.raises(model.UnsupportedQuantization, match="runs on CUDA, not on cpu"):
        fit(checkpoint(DEEPSEEK), Options(), device("cpu", 64), qlora=True)


def test_how_many_parameters_are_trained() -> None:
    pytest.importorskip("peft", reason="peft is not installed: `make test` installs it")
    base = find_base(model.EMBEDDED, folder=model.embedded_folder())
    options = Options(rank=5, targets="attention")
    fits = fit(base.checkpoint, options, model.find_device("cpu"), qlora=None)
    assert base.checkpoint.llama is not None
    assert Adapted(base, options, fits).parameters == trained_parameters(base.checkpoint.llama, options)


def test_what_the_backward_pass_keeps_is_not_underestimated() -> None:
    """Against what autograd saves, counted, of each storage once."""
    pytest.importorskip("peft", reason="peft is not installed: `make test` installs it")
    import torch

    base = find_base(model.EMBEDDED, folder=model.embedded_folder())
    options = Options(batch_tokens=1024, row_tokens=1024)
    fits = fit(base.checkpoint, options, model.find_device("cpu"), qlora=None)
    adapted = Adapted(base, options, fits)
    encoder = Encoder(base.tokenizer, base.end, 1024)
    rows = [row for row in map(encoder.row, habits(files=4)) if row is not None]
    own = {value.untyped_storage().data_ptr() for value in adapted._model.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    adapted._model.train()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        nats = adapted._nats(rows)
    assert nats.requires_grad
    tokens = len(rows) * max(len(row.ids) for row in rows)
    weights = 4 * base.checkpoint.parameters + 20 * adapted.parameters
    estimated = (fits.bytes - weights) * tokens / fits.pass_tokens
    assert 0.5 * estimated < sum(kept.values()) < estimated
