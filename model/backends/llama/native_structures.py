"""The compiled library as this backend calls it: the structures of kernels.h and forward.c, and when they may be used.

Imports no torch, so that a plan can ask before torch is loaded.
"""

from __future__ import annotations

import ctypes
from ctypes import c_float, c_int32, c_void_p

from ...native.library import Found, find_library_for
from .llama_config import LlamaConfig

TILE, GROUP, HALF = 16, 64, 32
"""Of kernels.h: so many outputs stand side by side, and so many inputs share a scale, in some formats."""

MAX_STACKED = 3
"""Of forward.c: so many projections stand in one matrix, at the most."""


class Matrix(ctypes.Structure):
    """`matrix` in kernels.h."""

    _fields_ = [*((name, c_int32) for name in ("format", "outputs", "inputs")), ("data", c_void_p), ("order", c_void_p)]


class Rows(ctypes.Structure):
    """`rows` in kernels.h."""

    _fields_ = [("values", c_void_p), ("codes", c_void_p), ("scales", c_void_p), ("sums", c_void_p)]


class Layer(ctypes.Structure):
    """`layer` in forward.c."""

    _fields_ = [
        ("attention_norm", c_void_p),
        ("mlp_norm", c_void_p),
        ("qkv", Matrix),
        ("output", Matrix),
        ("gate_up", Matrix),
        ("down", Matrix),
    ]


class LowRank(ctypes.Structure):
    """`low_rank` in forward.c."""

    _fields_ = [
        ("stacked", c_int32),
        ("end", c_int32 * MAX_STACKED),
        ("down", Matrix * MAX_STACKED),
        ("up", Matrix),
    ]


class LayerAdapter(ctypes.Structure):
    """`layer_adapter` in forward.c."""

    _fields_ = [(name, LowRank) for name in ("qkv", "output", "gate_up", "down")]


class Network(ctypes.Structure):
    """`network` in forward.c."""

    _fields_ = [
        *((name, c_int32) for name in ("layers", "hidden", "heads", "kv_heads", "head_size", "intermediate")),
        ("epsilon", c_float),
        *((name, c_void_p) for name in ("cosines", "sines", "norm")),
        ("layer", ctypes.POINTER(Layer)),
        ("adapter", ctypes.POINTER(LayerAdapter)),
        ("head", Matrix),
    ]


class Call(ctypes.Structure):
    """`call` in forward.c."""

    _fields_ = [
        *((name, c_int32) for name in ("threads", "count", "start", "capacity", "logits", "half_precision")),
        *((name, c_void_p) for name in ("keys_values", "hidden", "projected", "scores", "out")),
        ("input", Rows),
        ("low_rank", c_void_p),
        ("cancel", ctypes.POINTER(c_int32)),
        *((name, c_int32) for name in ("items_taken", "arrived", "phase", "stopped")),
    ]


def _find() -> Found:
    return find_library_for("seekline_sizes", 1000 * ctypes.sizeof(Call) + ctypes.sizeof(Network))


def library() -> ctypes.CDLL | None:
    """The fastest library that this processor runs; None where there is none."""
    return _find().library


def why_not_compiled() -> str | None:
    """Why torch computes on the CPU and not the C code, and what to do, for the user; None where the C code does."""
    return _find().why_not


def is_compiled() -> bool:
    """Whether there is a library that this processor runs."""
    return library() is not None


def runs_natively(config: LlamaConfig) -> bool:
    """Whether there is a library for this processor, and the model's sizes fill its groups and vectors."""
    widths = (config.hidden, config.intermediate, config.query_size)
    fitting = all(width % GROUP == 0 for width in widths) and config.kv_size % TILE == 0 == config.head_size % TILE
    return fitting and config.heads % config.kv_heads == 0 and is_compiled()
