"""Whose forward pass runs a checkpoint: our own, that of transformers, or llama.cpp's."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

from ..catalogue.checkpoint import Checkpoint
from ..errors import UnsupportedArchitecture, UnsupportedQuantization
from .hardware import Dtype
from .sizes import Quantization

RunsBy = Literal["seekline", "transformers", "llama.cpp"]
EngineChoice = Literal["auto", "seekline", "llama.cpp"]

_INSTALL = "In the clone of Seekline run: pip install '.[gguf]' (with pipx: pipx install --force '.[gguf]')."


def choose_engine(checkpoint: Checkpoint, wanted: EngineChoice) -> RunsBy:
    """Raises `UnsupportedArchitecture` where none can, or not the one that was asked for."""
    name = checkpoint.path.name
    if checkpoint.weights_format != "gguf":
        if wanted == "llama.cpp":
            raise UnsupportedArchitecture(
                f"llama.cpp runs GGUF files, and {name} is {checkpoint.weights_format}.",
                "Set engine = auto, or name a .gguf file.",
            )
        return "transformers" if checkpoint.llama is None else "seekline"
    if wanted != "llama.cpp" and checkpoint.llama is not None:
        return "seekline"
    if wanted == "seekline":
        raise UnsupportedArchitecture(
            f"Seekline's own forward pass does not know the architecture {checkpoint.model_type!r} of {name}.",
            "Set engine = auto: llama.cpp may know it.",
        )
    if not has_llama_cpp():
        raise UnsupportedArchitecture(
            f"{name} of the architecture {checkpoint.model_type!r} needs llama.cpp, which this installation lacks.",
            _INSTALL,
        )
    return "llama.cpp"


def has_llama_cpp() -> bool:
    return find_spec("xllamacpp") is not None


def llama_cpp_formats(
    quantization: Quantization | Literal["auto"], checkpoint: Checkpoint
) -> list[tuple[Dtype, Quantization]]:
    """The one that there is. Raises `UnsupportedQuantization` for any other that was asked for."""
    found: Quantization = "none" if checkpoint.stored_bytes is None else "stored"
    if quantization not in ("auto", found):
        raise UnsupportedQuantization(
            f"llama.cpp runs {checkpoint.path.name} as it is quantized in its file, not in {quantization}.",
            "Set quantization = auto, or take a file that is quantized as you want it.",
        )
    return [("float16", found)]
