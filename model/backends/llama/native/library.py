"""The compiled library, and the structures of kernels.h and forward.c as ctypes has them."""

from __future__ import annotations

import ctypes
import logging
from ctypes import c_float, c_int32, c_void_p
from functools import cache
from pathlib import Path

from ..llama_config import LlamaConfig

log = logging.getLogger(__name__)

_FILES = ("_kernels_wide", "_kernels")
"""By the instructions that they need, most first; see setup.py."""

TILE, GROUP = 16, 64
"""Of kernels.h: so many outputs stand side by side, and so many inputs share a scale."""


class Matrix(ctypes.Structure):
    """`matrix` in kernels.h."""

    _fields_ = [("format", c_int32), ("outputs", c_int32), ("inputs", c_int32), ("data", c_void_p)]


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


class Network(ctypes.Structure):
    """`network` in forward.c."""

    _fields_ = [
        *((name, c_int32) for name in ("layers", "hidden", "heads", "kv_heads", "head_size", "intermediate")),
        ("epsilon", c_float),
        *((name, c_void_p) for name in ("cosines", "sines", "norm")),
        ("layer", ctypes.POINTER(Layer)),
        ("head", Matrix),
    ]


class Call(ctypes.Structure):
    """`call` in forward.c."""

    _fields_ = [
        *((name, c_int32) for name in ("threads", "count", "start", "capacity", "logits", "half_precision")),
        *((name, c_void_p) for name in ("keys_values", "hidden", "projected", "scores", "out")),
        ("input", Rows),
        ("cancel", ctypes.POINTER(c_int32)),
        *((name, c_int32) for name in ("items_taken", "arrived", "phase", "stopped")),
    ]


@cache
def library() -> ctypes.CDLL | None:
    """The fastest library that this processor runs; None where there is none."""
    folder = Path(__file__).parent
    for name in _FILES:
        for path in folder.glob(f"{name}.*"):
            try:
                found = ctypes.CDLL(str(path))
            except OSError as error:
                log.warning("%s cannot be loaded: %s", path, error)
                continue
            if not _is_current(found):
                log.warning("%s was compiled from other sources: install Seekline again.", path)
            elif found.seekline_supported():
                return found
    log.info("The forward pass in C is not compiled for this processor; torch computes.")
    return None


def _is_current(found: ctypes.CDLL) -> bool:
    """Whether the library's structures are as large as ours: an older one would read other fields."""
    sizes = getattr(found, "seekline_sizes", None)
    return sizes is not None and sizes() == 1000 * ctypes.sizeof(Call) + ctypes.sizeof(Network)


def is_compiled() -> bool:
    """Whether there is a library that this processor runs."""
    return library() is not None


def runs_natively(config: LlamaConfig) -> bool:
    """Whether there is a library for this processor, and the model's sizes fill its groups and vectors."""
    widths = (config.hidden, config.intermediate, config.query_size)
    fitting = all(width % GROUP == 0 for width in widths) and config.kv_size % TILE == 0 == config.head_size % TILE
    return fitting and config.heads % config.kv_heads == 0 and is_compiled()
