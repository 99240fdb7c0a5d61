"""The settings that say which model runs, and how; see `settings`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from ... import fim
from ...model import gguf_mixes
from .field import LEARNED, SettingsGroup, Texts, others_may_do

_QUANTIZATIONS = ("auto", "none", "int8", "nf4", "int4", "bfloat16", "float32", *map(str.lower, gguf_mixes()))
_SPELLINGS = {"8-bit": "int8", "4-bit": "int4", "q4_k": "q4_k_m"}
"""What others call a quantization."""


def _usual_spelling(value: object) -> object:
    if not isinstance(value, str):
        return value
    return _SPELLINGS.get(value.lower(), value.lower())


class ModelSettings(SettingsGroup):
    """Which model, in which format, computed by what."""

    model: str = Field(
        default="auto",
        min_length=1,
        description="The model: `auto` (the best installed one that fits), a name from `seekline models list`, "
        "`owner/name` or `owner/name@revision` on the hub once downloaded, or a folder (`./folder`, `~/folder`, "
        "`/folder`).",
        json_schema_extra=others_may_do("ask"),
    )
    prompt_format: Literal[("auto", *fim.all_formats())] = Field(  # pyright: ignore[reportInvalidTypeForm]
        default="auto",
        description="How the model wants its prompt; `auto` knows the catalogue's models and looks at the "
        "vocabulary of others. `plain` is left to right, for a model without fill-in-the-middle.",
        json_schema_extra=others_may_do("set"),
    )
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|mps|(cuda|rocm|vulkan)(:\d+)?)$",
        description="`auto` (the first GPU, else the CPU), `cpu`, `cuda`, `cuda:1`, `mps`; with `engine = "
        '"llama.cpp"`, built for it, also `vulkan` and `rocm`.',
        json_schema_extra=others_may_do("set", **{"x-expected": '"auto", "cpu", "mps", "cuda" or "cuda:1"'}),
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto",
        description="Number format to compute in; `auto` takes what is fast on the device.",
        json_schema_extra=others_may_do("set"),
    )
    model_format: Literal["auto", "safetensors", "pytorch", "gguf", "gptq", "awq"] = Field(
        default="auto",
        description="In which of its formats a model is loaded, where several are here; `auto` takes what suits the "
        "device. `pytorch` is another word for `safetensors`.",
        json_schema_extra=others_may_do("set"),
    )
    engine: Literal["auto", "seekline", "llama.cpp"] = Field(
        default="auto",
        description="What computes: `seekline` (its own forward pass, or transformers), or `llama.cpp` for GGUF files, "
        "in a process of its own (the extra `gguf`: `pipx install '.[gguf]'` in the clone). `auto` takes llama.cpp for "
        "GGUF files of an architecture that Seekline's own forward pass does not know.",
        json_schema_extra=others_may_do("set"),
    )
    quantization: Annotated[
        Literal[_QUANTIZATIONS],  # pyright: ignore[reportInvalidTypeForm]
        BeforeValidator(_usual_spelling),
    ] = Field(
        default="auto",
        description="Weights in fewer bits: `int4`, and on a CPU `int8`, by Seekline itself (DeepSeek Coder v1); "
        "`nf4`, and on a GPU `int8`, by bitsandbytes (the extra `gpu`: `pipx install '.[gpu]'` in the clone). `auto` "
        "takes int4 on a CPU, for speed (int8 where Seekline's C code is not compiled); a GPU quantizes only what does "
        "not fit otherwise. `q4_k_m` and the like name a GGUF file of the model; `bfloat16` and `float32` are `none` "
        "in that number format.",
        json_schema_extra=others_may_do(
            "set", **{"x-expected": 'one of "auto", "none", "int8", "nf4", "int4", or of a GGUF file, as "q4_k_m"'}
        ),
    )
    draft_model: str = Field(
        default="none",
        min_length=1,
        description="A small model that guesses ahead for `model` to verify in one step, named as `model` is: it must "
        "have the same vocabulary, as `deepseek-coder-1.3b-base` has for the larger ones. It changes how fast text "
        "comes, never the text; `none`: only what stands in the prompt is guessed.",
        json_schema_extra=others_may_do("ask"),
    )
    packed_model: str = Field(
        default="none",
        min_length=1,
        description="A file by `seekline models pack`: the weights of `model` as Seekline quantized them once, so that "
        "this machine need not. `none`: they are quantized at the first start.",
        json_schema_extra=others_may_do("nothing"),
    )
    adapter: str = Field(
        default=LEARNED,
        min_length=1,
        description="A LoRA adapter in PEFT's format for `model`, a folder with adapter_config.json and "
        "adapter_model.safetensors (`./folder`, `~/folder`, `/folder`). Another one takes its place without loading "
        "the model again. Only for models that Seekline computes itself (DeepSeek Coder v1). `auto`: what `seekline "
        "learn train` has learned for this very model from the workspace, of several folders from the first from which "
        "anything was learned; `none`: the model as it is.",
        json_schema_extra=others_may_do("ask"),
    )
    merge_adapter: bool = Field(
        default=False,
        description="Add `adapter` to the weights before they are quantized, so that it costs no time while you type; "
        "another one then takes loading the model again. What `auto` finds always runs beside them.",
        json_schema_extra=others_may_do("set"),
    )
    trust_remote_code: Texts = Field(
        default=(),
        description="Models whose own Python code may run, by the name that `model` has, a folder by its path without "
        "links. Empty: no such code runs.",
        json_schema_extra=others_may_do("nothing"),
    )
    offline: bool = Field(
        default=False,
        description="Never open a connection to another machine, not even for `seekline models download`.",
        json_schema_extra=others_may_do("nothing"),
    )
