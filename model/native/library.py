"""The compiled library: which one this processor runs, and whether it was made from the C files beside it.

Nothing here knows what is in it; whoever calls it has its own structures, and has their sizes compared.
"""

from __future__ import annotations

import ctypes
import logging
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

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
        is_ours = all(hasattr(found, name) for name in ("seekline_sources", "seekline_supported"))
        # Compiled for every processor, unlike the rest, which may be instructions that this one lacks.
        if is_ours and not found.seekline_supported():
            is_for_others = True
        elif not is_ours or not _is_current(found, folder):
            problems.append(_other_sources(path))
            log.warning("%s. %s", problems[-1], _AGAIN)
        else:
            return Found(library=found, why_not=None)
    if not problems and (is_for_others or platform.machine().lower() not in _MACHINES):
        return Found(library=None, why_not=_OTHER_PROCESSOR)
    return _not_found(problems[0] if problems else "there is no compiled library in this installation")


@cache
def find_library_for(sizes: str, expected: int) -> Found:
    """The same for a caller whose structures have the sizes `expected`: what the library's function `sizes` returns.

    Where a packager left the C files out, the library has nothing else to be compared with; the sizes keep an older
    one from reading other fields.
    """
    found = find_library()
    if found.library is None:
        return found
    if hasattr(found.library, sizes) and getattr(found.library, sizes)() == expected:
        return found
    problem = _other_sources(Path(found.library._name))
    log.warning("%s. %s", problem, _AGAIN)
    return _not_found(problem)


def _files(folder: Path) -> Iterator[Path]:
    for name in _FILES:
        yield from folder.glob(f"{name}.*")


def _is_current(found: ctypes.CDLL, folder: Path) -> bool:
    """Whether a library was compiled from the C files beside it, which an installation has, too, so that all libraries
    are checked alike."""
    found.seekline_sources.restype = ctypes.c_uint64
    expected = sources_hash(folder)
    return expected in (0, found.seekline_sources())


def _other_sources(path: Path) -> str:
    return f"{path} was compiled from other sources than those beside it"


def _not_found(reason: str) -> Found:
    return Found(library=None, why_not=f"Seekline's C code is not compiled here: {reason}. {_SLOWER} {_AGAIN}")
