"""The forward pass over packed matrices, by several threads."""

from __future__ import annotations

import ctypes
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event
from time import perf_counter

import torch
from torch.nn import functional

from ....errors import Cancelled
from ..network import KeyValues, rotation
from ..shape import Shape
from ..steps import WIDEST
from ..tuning import fewest_threads
from ..weights import Weights
from . import library
from .matrices import Packed, Room

CHUNK_TOKENS = 64
"""So many at a time that reading the weights costs little beside multiplying, so few that a cancel loses little."""

_QUERIES, _ABANDONED = 4, 2  # of forward.c
_POLL_S = 0.005


class NativeLlama:
    """See `model.llama.network.Llama`; computes in float32, whatever the weights and the KV cache are kept in.

    It belongs to one thread, which brings helpers of its own.
    """

    device = torch.device("cpu")

    def __init__(self, shape: Shape, weights: Weights, *, dtype: torch.dtype, threads: int) -> None:
        """`weights`: its matrices are `Packed`. `dtype`: of keys and values, float32 or float16. `threads`: at most so
        many; fewer where that is as fast."""
        self.shape = shape
        self.dtype = dtype
        self._embedding = weights.embedding
        self._tables = rotation(shape, torch.float32)
        self._norms = list[torch.Tensor]()
        self._matrices = list[Packed]()
        self._struct = self._network(weights)
        native = library.library()
        assert native is not None
        self._forward = native.seekline_forward
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="seekline-compute")
        self._threads = self._fastest(threads)

    def forward(self, ids: torch.Tensor, kv: KeyValues, *, logits: int, cancel: Event) -> torch.Tensor:
        """See `Llama.forward`; the logits of padding rows of the head come last."""
        count, end = len(ids), kv.length + len(ids)
        if not 0 < count <= end <= min(kv.capacity_tokens, self.shape.context_tokens) or not 0 < logits <= count:
            raise ValueError(f"{count} tokens behind {kv.length} have no room, or no {logits} logits")
        hidden = functional.embedding(ids, self._embedding).float()
        shape, room = self.shape, Room(count, max(self.shape.hidden, self.shape.intermediate, self.shape.query_size))
        wide = torch.empty(count, max(2 * shape.intermediate, shape.query_size + 2 * shape.kv_size))
        scores = torch.empty(self._threads, _QUERIES, -(-end // 8) * 8)
        out = torch.empty(logits, self._struct.head.outputs)
        call = library.Call(
            threads=self._threads,
            count=count,
            start=kv.length,
            capacity=kv.capacity_tokens,
            logits=logits,
            half_precision=kv.buffer.dtype == torch.float16,
            keys_values=kv.buffer.data_ptr(),
            hidden=hidden.data_ptr(),
            wide=wide.data_ptr(),
            scores=scores.data_ptr(),
            out=out.data_ptr(),
            input=room.struct(),
        )
        if not self._run(call, cancel):
            raise Cancelled
        return out

    def _run(self, call: library.Call, cancel: Event) -> bool:
        """Whether the call was completed. A decode step also computes on the thread that asks; more tokens leave
        that free to look at `cancel`."""

        def run(thread: int) -> int:
            return self._forward(ctypes.byref(self._struct), ctypes.byref(call), thread)

        asked = ctypes.c_int32(0)
        call.cancel = ctypes.pointer(asked)
        mine = call.count <= WIDEST
        pending = set[Future[int]]()
        try:
            for thread in range(mine, call.threads):
                pending.add(self._pool.submit(run, thread))
            complete = not mine or bool(run(0))
            while pending:
                done, pending = wait(pending, timeout=None if mine else _POLL_S)
                complete = complete and all(future.result() for future in done)
                asked.value = cancel.is_set()
            return complete
        finally:  # what they write to must not be gone before they are
            asked.value = _ABANDONED
            wait(pending)

    def _network(self, weights: Weights) -> library.Network:
        """What the C code reads; all of it stays in memory as long as this object does."""

        def matrix(linear: object, outputs: int, inputs: int) -> library.Matrix:
            assert isinstance(linear, Packed)
            if not outputs <= linear.outputs < outputs + library.TILE or linear.inputs != inputs:
                raise ValueError(f"a matrix of shape {linear.outputs, linear.inputs} stands for {outputs, inputs}")
            self._matrices.append(linear)
            return linear.struct()

        def norm(weight: torch.Tensor) -> int:
            if weight.shape != (shape.hidden,):
                raise ValueError(f"a norm of shape {tuple(weight.shape)} stands for {shape.hidden}")
            self._norms.append(weight.float().contiguous())
            return self._norms[-1].data_ptr()

        shape, (cosines, sines) = self.shape, self._tables
        if weights.embedding.shape != (shape.vocabulary, shape.hidden):
            raise ValueError(f"an embedding of shape {tuple(weights.embedding.shape)} stands for another")
        layers = (library.Layer * shape.layers)()
        for struct, layer in zip(layers, weights.layers, strict=True):
            struct.attention_norm, struct.mlp_norm = norm(layer.attention_norm), norm(layer.mlp_norm)
            linears = (layer.qkv, layer.output, layer.gate_up, layer.down)
            struct.qkv, struct.output, struct.gate_up, struct.down = map(
                lambda linear, sizes: matrix(linear, *sizes), linears, shape.linears()
            )
        return library.Network(
            layers=shape.layers,
            hidden=shape.hidden,
            heads=shape.heads,
            kv_heads=shape.kv_heads,
            head_size=shape.head_size,
            intermediate=shape.intermediate,
            epsilon=shape.norm_epsilon,
            cosines=cosines.data_ptr(),
            sines=sines.data_ptr(),
            norm=norm(weights.norm),
            layer=layers,
            head=matrix(weights.head, shape.vocabulary, shape.hidden),
        )

    def _fastest(self, most: int) -> int:
        kv, id = KeyValues(self.shape, 1, device="cpu", dtype=self.dtype), torch.zeros(1, dtype=torch.int64)

        def seconds(threads: int) -> float:
            self._threads = threads
            started = perf_counter()
            self.forward(id, kv, logits=1, cancel=Event())
            return perf_counter() - started

        return fewest_threads(seconds, most)
