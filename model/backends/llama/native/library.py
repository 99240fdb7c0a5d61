"""The compiled library, and the structures of kernels.h and forward.c as ctypes has them."""

from __future__ import annotations

import ctypes
import logging
import platform
from collections.abc import Iterator
from ctypes import c_float, c_int32, c_void_p
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..llama_config import LlamaConfig
from .sources import sources_hash

log = logging.getLogger(__name__)

_FILES = ("_kernels_wide", "_kernels")
"""By the instructions that they need, most first; see setup.py."""

_SLOWER = "Models on the CPU take longer."
_AGAIN = (
    "Install a C compiler, or the package ziglang where pip finds it, then install Seekline again "
    "(`make` in its repository)."
)
_MACHINES = ("x86_64", "amd64", "aarch64", "arm64")
_OTHER_PROCESSOR = (
    "Seekline's C code does not run on this processor: it is for x86-64 with AVX2 and for ARM with dot products. "
    f"{_SLOWER} Set a smaller model where that is too long."
)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The library that computes; None where there is none, and then `why_not`, a sentence, and what to do."""

    library: ctypes.CDLL | None
    why_not: str | None


@cache
def find_library() -> Found:
    """Looks for the fastest library that this processor runs."""
    folder = Path(__file__).parent
    problems: list[str] = []
    is_for_others = False
    for path in _files(folder):
        try:
            found = ctypes.CDLL(str(path))
        except OSError as error:
            problems.append(f"{path} cannot be loaded ({error})")
            log.warning("%s. %s", problems[-1], _AGAIN)
            continue
        is_ours = all(hasattr(found, name) for name in ("seekline_sources", "seekline_supported", "seekline_sizes"))
        # Compiled for every processor, unlike the rest, which may be instructions that this one lacks.
        if is_ours and not found.seekline_supported():
            is_for_others = True
        elif not is_ours or not _is_current(found, folder):
            problems.append(f"{path} was compiled from other sources than those beside it")
            log.warning("%s. %s", problems[-1], _AGAIN)
        else:
            return Found(library=found, why_not=None)
    if not problems and (is_for_others or platform.machine().lower() not in _MACHINES):
        return Found(library=None, why_not=_OTHER_PROCESSOR)
    reason = problems[0] if problems else "there is no compiled library in this installation"
    return Found(library=None, why_not=f"Seekline's C code is not compiled here: {reason}. {_SLOWER} {_AGAIN}")


def _files(folder: Path) -> Iterator[Path]:
    for name in _FILES:
        yield from folder.glob(f"{name}.*")


def _is_current(found: ctypes.CDLL, folder: Path) -> bool:
    """Whether a library was compiled from the C files beside it, and its structures are as large as ours.

    An installation has these files, too, so that all libraries are checked alike. Where a packager leaves them out,
    there is nothing to compare with but the sizes, which keep an older library from reading other fields.
    """
    found.seekline_sources.restype = ctypes.c_uint64
    expected = sources_hash(folder)
    if expected and found.seekline_sources() != expected:
        return False
    return found.seekline_sizes() == 1000 * ctypes.sizeof(Call) + ctypes.sizeof(Network)


def library() -> ctypes.CDLL | None:
    """The fastest library that this processor runs; None where there is none."""
    return find_library().library


def why_not_compiled() -> str | None:
    """Why torch computes on the CPU and not the C code, and what to do, for the user; None where the C code does."""
    return find_library().why_not


def is_compiled() -> bool:
    """Whether there is a library that this processor runs."""
    return library() is not None


def runs_natively(config: LlamaConfig) -> bool:
    """Whether there is a library for this processor, and the model's sizes fill its groups and vectors."""
    widths = (config.hidden, config.intermediate, config.query_size)
    fitting = all(width % GROUP == 0 for width in widths) and config.kv_size % TILE == 0 == config.head_size % TILE
    return fitting and config.heads % config.kv_heads == 0 and is_compiled()
