"""Calls the forward pass in C (forward.c), with as many threads as measure best."""

from __future__ import annotations

import ctypes
from concurrent.futures import Future, ThreadPoolExecutor, wait
from copy import copy
from threading import Event
from time import perf_counter

import torch
from torch.nn import functional

from ...errors import Cancelled
from . import native_structures
from .adapter import AdapterWeights
from .kv_cache import LlamaKVCache
from .llama_config import PROJECTIONS, LlamaConfig
from .native_adapter import NativeAdapter
from .native_matrices import PackedMatrix, RowBuffers
from .pass_turns import PassTurns
from .steps import MAX_STEP_TOKENS
from .torch_forward import rotary_tables
from .tuning import fewest_threads
from .weights import LlamaWeights

CHUNK_TOKENS = 64
"""So many at a time that reading the weights costs little beside multiplying, so few that a cancel loses little."""

_QUERY_BLOCK, _ABANDONED = 4, 2  # of forward.c
_POLL_S = 0.005


class NativeLlama:
    """See `torch_forward.TorchLlama`; computes in float32, whatever the weights and the KV cache are kept in.

    It belongs to one thread, and has a pool of threads that compute with it.
    """

    device = torch.device("cpu")

    def __init__(self, config: LlamaConfig, weights: LlamaWeights, *, dtype: torch.dtype, threads: int) -> None:
        """`weights`: its matrices are `PackedMatrix`. `dtype`: of keys and values, float32 or float16. `threads`: at
        most so many; fewer where that is as fast."""
        self.config = config
        self.dtype = dtype
        self._embedding = weights.embedding
        self._rotary_tables = rotary_tables(config, torch.float32)
        self._norms = list[torch.Tensor]()
        self._matrices = list[PackedMatrix]()
        self._struct = self._network_struct(weights)
        self._adapter: NativeAdapter | None = None
        native = native_structures.library()
        assert native is not None
        self._forward = native.seekline_forward
        self._turns = PassTurns()
        self._most_threads = threads
        self._pool = self._new_pool()
        self._threads = self._fastest(threads)

    def twin(self) -> NativeLlama:
        """Another network over the same weights in memory, without an adapter, for another thread. Their passes take
        turns: each has as many threads as are fastest while nothing else computes."""
        twin = copy(self)
        twin._struct = native_structures.Network.from_buffer_copy(self._struct)
        twin._pool = twin._new_pool()
        twin.adapt(None)
        return twin

    def adapt(self, adapter: AdapterWeights | None) -> None:
        """Has every pass from now on add what an adapter says; None: nothing."""
        exact = self.dtype == torch.float32
        self._adapter = None if adapter is None else NativeAdapter(self.config, adapter, exact=exact)
        self._struct.adapter = self._adapter.layers if self._adapter else None

    def forward(self, ids: torch.Tensor, kv: LlamaKVCache, *, logits: int, cancel: Event) -> torch.Tensor:
        """See `TorchLlama.forward`; the logits of padding rows of the head come last."""
        count, end = len(ids), kv.length + len(ids)
        if not 0 < count <= end <= min(kv.capacity_tokens, self.config.context_tokens) or not 0 < logits <= count:
            raise ValueError(f"{count} tokens behind {kv.length} have no room, or no {logits} logits")
        config = self.config
        hidden = functional.embedding(ids, self._embedding).float()
        inputs = RowBuffers(max(count, 2 * logits), max(config.hidden, config.intermediate, config.query_size))
        projected = torch.empty(count, max(2 * config.intermediate, config.query_size + 2 * config.kv_size))
        scores = torch.empty(self._threads, _QUERY_BLOCK, -(-end // 8) * 8)
        low_rank = torch.empty(native_structures.MAX_STACKED, count, self._adapter.rank) if self._adapter else None
        out = torch.empty(2 * logits, self._struct.head.outputs)
        call = native_structures.Call(
            threads=self._threads,
            count=count,
            start=kv.length,
            capacity=kv.capacity_tokens,
            logits=logits,
            half_precision=kv.buffer.dtype == torch.float16,
            keys_values=kv.buffer.data_ptr(),
            hidden=hidden.data_ptr(),
            projected=projected.data_ptr(),
            scores=scores.data_ptr(),
            out=out.data_ptr(),
            input=inputs.struct(),
            low_rank=None if low_rank is None else low_rank.data_ptr(),
        )
        with self._turns.taken():
            is_complete = self._run(call, cancel)
        if not is_complete:
            raise Cancelled
        return out[:logits]

    def _run(self, call: native_structures.Call, cancel: Event) -> bool:
        """Runs a call on all of its threads; whether it was completed, and not cancelled."""
        cancel_state = ctypes.c_int32(0)
        call.cancel = ctypes.pointer(cancel_state)

        def run(thread: int) -> bool:
            return bool(self._forward(ctypes.byref(self._struct), ctypes.byref(call), thread))

        # A decode step is so short that handing all of it to the pool would cost time: the calling thread is number 0.
        # It does not compute a chunk of a prompt, so that it can look at `cancel` meanwhile.
        caller_computes = call.count <= MAX_STEP_TOKENS
        pooled = range(1, call.threads) if caller_computes else range(call.threads)
        pending = set[Future[bool]]()
        try:
            for thread in pooled:
                pending.add(self._pool.submit(run, thread))
            complete = run(0) if caller_computes else True
            while pending:
                done, pending = wait(pending, timeout=None if caller_computes else _POLL_S)
                complete = complete and all(future.result() for future in done)
                cancel_state.value = cancel.is_set()
            return complete
        finally:  # the tensors that the threads write to must outlive them
            cancel_state.value = _ABANDONED
            wait(pending)

    def _new_pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._most_threads, thread_name_prefix="seekline-compute")

    def _network_struct(self, weights: LlamaWeights) -> native_structures.Network:
        """What the C code reads; all of it stays in memory as long as this object does."""

        def matrix(linear: object, outputs: int, inputs: int) -> native_structures.Matrix:
            assert isinstance(linear, PackedMatrix)
            if not outputs <= linear.outputs < outputs + native_structures.TILE or linear.inputs != inputs:
                raise ValueError(f"a matrix of shape {linear.outputs, linear.inputs} stands for {outputs, inputs}")
            self._matrices.append(linear)
            return linear.struct()

        def norm(weight: torch.Tensor) -> int:
            if weight.shape != (config.hidden,):
                raise ValueError(f"a norm of shape {tuple(weight.shape)} stands for {config.hidden}")
            self._norms.append(weight.float().contiguous())
            return self._norms[-1].data_ptr()

        config = self.config
        cosines, sines = self._rotary_tables
        if weights.embedding.shape != (config.vocabulary, config.hidden):
            raise ValueError(f"an embedding of shape {tuple(weights.embedding.shape)} stands for another")
        layers = self._layers = (native_structures.Layer * config.layers)()
        for struct, layer in zip(layers, weights.layers, strict=True):
            struct.attention_norm = norm(layer.attention_norm)
            struct.mlp_norm = norm(layer.mlp_norm)
            for name, (outputs, inputs) in zip(PROJECTIONS, config.linears(), strict=True):
                setattr(struct, name, matrix(getattr(layer, name), outputs, inputs))
        return native_structures.Network(
            layers=config.layers,
            hidden=config.hidden,
            heads=config.heads,
            kv_heads=config.kv_heads,
            head_size=config.head_size,
            intermediate=config.intermediate,
            epsilon=config.norm_epsilon,
            cosines=cosines.data_ptr(),
            sines=sines.data_ptr(),
            norm=norm(weights.norm),
            layer=layers,
            head=matrix(weights.head, config.vocabulary, config.hidden),
        )

    def _fastest(self, most: int) -> int:
        """How many threads decode a token fastest."""
        kv = LlamaKVCache(self.config, 1, device="cpu", dtype=self.dtype)
        token = torch.zeros(1, dtype=torch.int64)

        def seconds(threads: int) -> float:
            self._threads = threads
            started = perf_counter()
            self.forward(token, kv, logits=1, cancel=Event())
            return perf_counter() - started

        return fewest_threads(seconds, most)
