"""Loads a Llama: from a checkpoint on disk to a forward pass, each of its matrices in the format that is planned."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch

from ...catalogue.adapter import Adapter
from ...catalogue.packing import Packing
from .adapter import MergedTensors, read_adapter
from .kept import settings_of
from .linears import DenseLinear, Linear, MatVecLinear, StackedLinear
from .llama_config import LlamaConfig
from .native_forward import CHUNK_TOKENS, NativeLlama
from .native_matrices import FORMAT_BY_BITS, PackedMatrix, WeightFormat, pack, pack_stored
from .native_structures import HALF, runs_natively
from .quantization import (
    can_be_int4,
    from_bytes,
    int4_codes,
    pack_int4,
    refitted,
    stored_int4,
    to_bytes,
    to_int8,
)
from .store import Damaged, QuantizedStore, store_of
from .tensor_sources import open_tensors
from .torch_forward import TorchLlama
from .tuning import CpuTuning, choose_threads, tune
from .weights import LayerWeights, LlamaWeights, MakeLinear, MatrixReader, read_weights

Bits: TypeAlias = Literal[4, 8, "stored"] | None
"""Of a weight; `stored`: as many as it has in its file; None: a number as it is there."""

_UNSTORED_BITS = 8  # of the matrices that a quantized file leaves in 16: their head
_MEASURED_OUTPUTS = 8192  # more rows of a matrix tell no more about it


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedLlama:
    """A network, and how many tokens of a prompt it should compute at a time; None where that was not measured."""

    network: TorchLlama | NativeLlama
    chunk_tokens: int | None


@torch.inference_mode()
def load_llama(
    path: Path,
    config: LlamaConfig,
    *,
    device: str,
    dtype: torch.dtype,
    bits: Bits,
    threads: int,
    cache: Path,
    packing: Packing | None = None,
    merge: Adapter | None = None,
) -> LoadedLlama:
    """Loads a checkpoint. `bits`: None leaves weights in `dtype`, or as they are where the CPU's own forward pass
    computes. `threads`: at most so many, on a CPU. `packing`: how its matrices are packed, if they are. `merge`:
    an adapter that is added to them before they are quantized."""
    native = device == "cpu" and runs_natively(config)
    torch_linears = None if native else _TorchLinears(config, device=device, dtype=dtype, bits=bits, threads=threads)
    added = None if merge is None else read_adapter(merge)

    def read(store: QuantizedStore | None) -> LlamaWeights:
        make_linear = torch_linears.maker(store) if torch_linears else _packed_linears(bits, store)
        opened = open_tensors(path, config, packing, device=device, dtype=None if native else dtype)
        if added is not None:
            opened = MergedTensors(opened, added, dtype=torch.float32 if native and bits else None)
        with opened as tensors:
            weights = read_weights(tensors, config, make_linear)
            tensors.check_unchanged()
            return weights

    with _all_threads():
        if bits is None:
            weights = read(None)
        else:
            settings = settings_of(bits=bits, native=native, packing=packing, merged=merge)
            weights = _read_by_store(store_of(path, cache, settings), read)
    if torch_linears is not None:
        return LoadedLlama(network=TorchLlama(config, weights), chunk_tokens=torch_linears.chunk_tokens)
    kv_dtype = torch.float32 if bits is None and dtype == torch.float32 else torch.float16
    network = NativeLlama(config, weights, dtype=kv_dtype, threads=threads)
    return LoadedLlama(network=network, chunk_tokens=CHUNK_TOKENS)


@contextmanager
def _all_threads() -> Iterator[None]:
    """Has torch compute with all threads meanwhile: nobody types into a model that is not there yet."""
    decoding_threads = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    try:
        yield
    finally:
        torch.set_num_threads(decoding_threads)


def _read_by_store(store: QuantizedStore, read: Callable[[QuantizedStore], LlamaWeights]) -> LlamaWeights:
    """Reads weights with the help of their store; all of them once more where that turns out to be damaged."""
    try:
        try:
            weights = read(store)
            store.check()
        except Damaged:
            store.discard()
            weights = read(store)
        store.keep()
        return weights
    finally:
        store.close()


def _packed_linears(bits: Bits, store: QuantizedStore | None) -> MakeLinear:
    """Makes matrices as the forward pass in C multiplies by them."""

    def make(name: str, matrix: MatrixReader) -> Linear:
        if bits == "stored":
            assert store is not None
            return _as_stored(name, matrix, store)
        # The head decides between tokens: eight bits cost it hardly more time, and no quality.
        matrix_bits = 8 if bits and name == "lm_head" else bits
        if store is None or matrix_bits is None:
            return pack(matrix.dense(), matrix_bits)
        if name not in store:
            store.put(name, pack(matrix.dense(), matrix_bits).data)
        return PackedMatrix(FORMAT_BY_BITS[matrix_bits], *store.get(name))

    return make


def _as_stored(name: str, matrix: MatrixReader, store: QuantizedStore) -> PackedMatrix:
    """As the file quantizes it, as far as the forward pass in C can; kept, since unpacking takes its time."""
    if name not in store:
        packed = _packed_as_stored(matrix)
        order = () if packed.order is None else (packed.order,)
        store.put(name, packed.data, torch.tensor([packed.format], dtype=torch.uint8), *order)
    data, format, *order = store.get(name)
    return PackedMatrix(WeightFormat(int(format)), data, order[0] if order else None)


def _packed_as_stored(matrix: MatrixReader) -> PackedMatrix:
    """With the codes that the file has, where the forward pass in C has them too. Others are fitted anew: of four bits
    or fewer with as many groups as there are, of more in eight bits, which hardly rounds them."""
    stored = matrix.stored()
    if stored is None:
        return pack(matrix.dense(), _UNSTORED_BITS)
    if stored.bits > 4:
        return pack(stored.dense(), 8)
    return pack_stored(stored if stored.group % HALF == 0 else refitted(stored.dense(), HALF))


class _TorchLinears:
    """Makes linear layers in torch, on a CPU those that were measured fastest with the model's largest matrix."""

    def __init__(self, config: LlamaConfig, *, device: str, dtype: torch.dtype, bits: Bits, threads: int) -> None:
        self._device = device
        self._dtype = dtype
        self._on_cpu = device == "cpu"
        self._bits = bits
        self._tuning = self._measure(config, threads) if self._on_cpu else None

    @property
    def chunk_tokens(self) -> int | None:
        """Tokens of a prompt to compute at a time; None where that was not measured."""
        return self._tuning.chunk_tokens if self._tuning else None

    def maker(self, store: QuantizedStore | None) -> MakeLinear:
        def make(name: str, matrix: MatrixReader) -> Linear:
            if self._bits == "stored":
                return self._stored(matrix)
            if self._bits is None:
                return self._unquantized(matrix.dense())
            if self._bits == 8 or (name == "lm_head" and self._on_cpu):
                return to_int8(matrix.dense())
            if name == "lm_head":
                return DenseLinear(matrix.dense())
            assert store is not None
            return self._int4(name, matrix, store)

        return make

    def _unquantized(self, matrix: torch.Tensor) -> Linear:
        kinds = (DenseLinear, MatVecLinear)  # in the order in which they are measured
        return kinds[self._tuning.product if self._tuning else 0](matrix)

    def _stored(self, matrix: MatrixReader) -> Linear:
        """With the codes that the file has, where torch multiplies them."""
        stored = matrix.stored()
        linear = None if stored is None else stored_int4(stored, self._device)
        if linear is not None:
            return linear
        return to_int8(matrix.dense()) if self._on_cpu else DenseLinear(matrix.dense())

    def _int4(self, name: str, matrix: MatrixReader, store: QuantizedStore) -> Linear:
        """Four bits a weight, from the store where it has them."""
        if name not in store:
            weight = matrix.dense()
            if not can_be_int4(weight):
                return DenseLinear(weight)
            codes, scales_and_zeros = int4_codes(weight)
            store.put(name, to_bytes(codes), scales_and_zeros)
        code_pairs, scales_and_zeros = (tensor.to(self._device) for tensor in store.get(name))
        return pack_int4(from_bytes(code_pairs), scales_and_zeros)

    def _measure(self, config: LlamaConfig, threads: int) -> CpuTuning:
        outputs, inputs = max(config.linears())
        matrix = torch.randn(min(outputs, _MEASURED_OUTPUTS), inputs, dtype=self._dtype) / inputs**0.5
        candidates: list[Linear]
        if self._bits == 8:
            candidates = [to_int8(matrix)]
        elif self._bits in (4, "stored") and can_be_int4(matrix):
            candidates = [pack_int4(*int4_codes(matrix, steps=0))]
        else:
            candidates = [DenseLinear(matrix), MatVecLinear(matrix)]
        choose_threads(candidates[0], inputs, self._dtype, threads)
        return tune(candidates, inputs, self._dtype)


def weights_of_modules(module: Any) -> LlamaWeights:
    """The weights of a model that transformers loaded and a library quantized: its modules multiply by them."""

    def layer_weights(layer: Any) -> LayerWeights:
        attention, mlp = layer.self_attn, layer.mlp
        return LayerWeights(
            attention_norm=layer.input_layernorm.weight.data,
            qkv=StackedLinear([attention.q_proj, attention.k_proj, attention.v_proj]),
            output=attention.o_proj,
            mlp_norm=layer.post_attention_layernorm.weight.data,
            gate_up=StackedLinear([mlp.gate_proj, mlp.up_proj]),
            down=mlp.down_proj,
        )

    return LlamaWeights(
        embedding=module.model.embed_tokens.weight.data,
        layers=tuple(layer_weights(layer) for layer in module.model.layers),
        norm=module.model.norm.weight.data,
        head=module.lm_head,
    )
