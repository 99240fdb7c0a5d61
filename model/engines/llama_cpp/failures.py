"""What llama.cpp's own words mean: from the last lines of its log to an error that says what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ...errors import BrokenCheckpoint, EngineDied, ModelError, OutOfMemory, UnsupportedArchitecture

_UNKNOWN_ARCHITECTURE = re.compile(r"unknown model architecture: '([^']{1,100})'")
_BROKEN = re.compile(r"error loading model: (?:error loading model [a-z]+: )?(.{1,300})")
_CAUSE = re.compile(r"gguf_init\w{0,60}: (.{1,300})")
_ASSERTION = re.compile(r"GGML_(?:ASSERT|ABORT)\((.{1,200})\)|(what\(\): +.{1,200})")
_FULL = re.compile(r"failed to allocate|unable to allocate|out of memory|OutOfDeviceMemory|bad_alloc", re.IGNORECASE)


def why_it_did_not_start(path: Path, lines: Sequence[str], how_it_ended: str) -> ModelError:
    """The error for a server that ended before it was ready. `lines`: the end of its log, printable. `how_it_ended`: as
    the end of a sentence that begins with llama.cpp."""
    text = "\n".join(lines)
    if _FULL.search(text):
        return OutOfMemory(
            f"{path.name} does not fit into memory.", "Free memory, lower context_tokens, or choose a smaller model."
        )
    unknown = _UNKNOWN_ARCHITECTURE.search(text)
    if unknown:
        return UnsupportedArchitecture(
            f"llama.cpp does not know the architecture {unknown[1]!r} of {path.name}.",
            "Install a newer xllamacpp, or choose another model.",
        )
    fault = _fault(text)
    if fault:
        return BrokenCheckpoint(f"{path} could not be loaded by llama.cpp: {fault}.", "Download the model again.")
    last = f": {lines[-1]}" if lines else ""
    return EngineDied(
        f"llama.cpp {how_it_ended} while it loaded {path.name}{last}.",
        "Free memory or choose another model; if the file is sound, report this with the log.",
    )


def _fault(text: str) -> str:
    """What is wrong with a file, in llama.cpp's words; empty where it says nothing of it."""
    parts: list[str] = []
    for pattern in (_BROKEN, _CAUSE, _ASSERTION):
        found = pattern.search(text)
        if found:
            said = next(group for group in found.groups() if group)
            parts.append(said.strip().rstrip("."))
    return "; ".join(parts)
