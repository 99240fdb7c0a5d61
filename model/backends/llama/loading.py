"""From a checkpoint on disk to a forward pass: which product multiplies by each matrix, and in which format."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch

from .linears import Dense, Linear, Stacked, Vector
from .native.library import runs_natively
from .native.matrices import FORMATS, Packed, pack
from .native.network import CHUNK_TOKENS, NativeLlama
from .network import Llama
from .quantization import GROUP, can_be_int4, from_bytes, int4_codes, pack_int4, to_bytes, to_int8
from .shape import Shape
from .store import Damaged, QuantizedStore, store_of
from .tuning import Paths, choose_paths, choose_threads
from .weights import Layer, MakeLinear, Read, Tensors, Weights, read_weights

Bits: TypeAlias = Literal[4, 8] | None

_MEASURED_OUTPUTS = 8192  # more rows of a matrix tell no more about it


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A network, and how many tokens of a prompt it should compute at a time, where that was measured."""

    network: Llama | NativeLlama
    chunk_tokens: int | None


@torch.inference_mode()
def load_llama(
    folder: Path, shape: Shape, *, device: str, dtype: torch.dtype, bits: Bits, threads: int, cache: Path
) -> Loaded:
    """Loads a checkpoint. `bits`: of a weight; None leaves them in `dtype`, or as they are where the CPU's own forward
    pass computes. `threads`: at most so many, on a CPU."""
    native = device == "cpu" and runs_natively(shape)
    products = None if native else _Products(shape, device=device, dtype=dtype, bits=bits, threads=threads)

    def read(store: QuantizedStore | None) -> Weights:
        with Tensors(folder, device=device, dtype=None if native else dtype) as tensors:
            weights = read_weights(tensors, shape, products.maker(store) if products else _packing(bits, store))
            tensors.check_unchanged()
            return weights

    computing = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)  # nobody types into a model that is not there yet
    try:
        store = store_of(folder, cache, bits=bits, group=GROUP, native=native) if bits else None
        weights = read(None) if store is None else _through(store, read)
    finally:
        torch.set_num_threads(computing)
    if products is not None:
        return Loaded(network=Llama(shape, weights), chunk_tokens=products.chunk_tokens)
    kept = torch.float32 if bits is None and dtype == torch.float32 else torch.float16
    return Loaded(network=NativeLlama(shape, weights, dtype=kept, threads=threads), chunk_tokens=CHUNK_TOKENS)


def _through(store: QuantizedStore, read: Callable[[QuantizedStore], Weights]) -> Weights:
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


def _packing(bits: Bits, store: QuantizedStore | None) -> MakeLinear:
    """Matrices for the CPU's own forward pass."""

    def make(name: str, read: Read) -> Linear:
        # The head decides between tokens: eight bits cost it hardly more time, and no quality.
        own = 8 if bits and name == "lm_head" else bits
        if store is None or own is None:
            return pack(read(), own)
        if name not in store:
            store.put(name, pack(read(), own).data)
        return Packed(FORMATS[own], *store.get(name))

    return make


class _Products:
    """Makes the products that torch has, on a CPU by what was measured for the model's largest matrix."""

    def __init__(self, shape: Shape, *, device: str, dtype: torch.dtype, bits: Bits, threads: int) -> None:
        self._device = device
        self._dtype = dtype
        self._on_cpu = device == "cpu"
        self._bits = bits
        self._paths = self._measure(shape, threads) if self._on_cpu else None

    @property
    def chunk_tokens(self) -> int | None:
        return self._paths.chunk_tokens if self._paths else None

    def maker(self, store: QuantizedStore | None) -> MakeLinear:
        def make(name: str, read: Read) -> Linear:
            if self._bits is None:
                return (Vector if self._paths and self._paths.fastest else Dense)(read())
            if self._bits == 8 or (name == "lm_head" and self._on_cpu):
                return to_int8(read())
            if name == "lm_head":
                return Dense(read())
            assert store is not None
            if name not in store:
                matrix = read()
                if not can_be_int4(matrix):
                    return Dense(matrix)
                codes, scales_and_zeros = int4_codes(matrix)
                store.put(name, to_bytes(codes), scales_and_zeros)
            pairs, scales_and_zeros = (tensor.to(self._device) for tensor in store.get(name))
            return pack_int4(from_bytes(pairs), scales_and_zeros)

        return make

    def _measure(self, shape: Shape, threads: int) -> Paths:
        outputs, inputs = max(shape.linears())
        matrix = torch.randn(min(outputs, _MEASURED_OUTPUTS), inputs, dtype=self._dtype) / inputs**0.5
        candidates: list[Linear]
        if self._bits == 8:
            candidates = [to_int8(matrix)]
        elif self._bits == 4 and can_be_int4(matrix):
            candidates = [pack_int4(*int4_codes(matrix, steps=0))]
        else:
            candidates = [Dense(matrix), Vector(matrix)]
        choose_threads(candidates[0], inputs, self._dtype, threads)
        return choose_paths(candidates, inputs, self._dtype)


def weights_of_modules(module: Any) -> Weights:
    """The weights that transformers loaded, each matrix multiplied by its own module: for what a library quantized."""

    def layer(one: Any) -> Layer:
        attention, mlp = one.self_attn, one.mlp
        return Layer(
            attention_norm=one.input_layernorm.weight.data,
            qkv=Stacked([attention.q_proj, attention.k_proj, attention.v_proj]),
            output=attention.o_proj,
            mlp_norm=one.post_attention_layernorm.weight.data,
            gate_up=Stacked([mlp.gate_proj, mlp.up_proj]),
            down=mlp.down_proj,
        )

    return Weights(
        embedding=module.model.embed_tokens.weight.data,
        layers=tuple(map(layer, module.model.layers)),
        norm=module.model.norm.weight.data,
        head=module.lm_head,
    )
