"""The settings: their one definition, from which the schema, the documentation and the error messages come.

Keys are snake_case in TOML, the same words in camelCase in an editor's JSON.

Each setting says what others may do with it: a workspace's file and an editor's settings, both of which a repository
can bring along. Only the user's own file and the command line are the user's for certain.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from ... import fim
from ...model import gguf_mixes

Others = Literal["nothing", "ask", "add", "set"]
"""What a workspace's file and an editor's settings may do with a setting:

- nothing: it can run code, open a connection, read outside the workspace, or lift another protection;
- ask: a folder counts once the user has agreed to it;
- add: items may come, none may go, since each protects something;
- set: the worst that any value does is to cost time or to complete badly.
"""


def _others_may(others: Others, **extra: JsonValue) -> dict[str, JsonValue]:
    return {"x-others-may": others, **extra}


Auto = Literal["auto"]
_QUANTIZATIONS = ("auto", "none", "int8", "nf4", "int4", "bfloat16", "float32", *map(str.lower, gguf_mixes()))
_SPELLINGS = {"8-bit": "int8", "4-bit": "int4", "q4_k": "q4_k_m"}
"""What others call a quantization."""


def _usual_spelling(value: object) -> object:
    if not isinstance(value, str):
        return value
    return _SPELLINGS.get(value.lower(), value.lower())


NOTHING = "none"
"""As `packed_model` or `adapter`."""
WHOLE_CONTEXT = -1
"""As `max_new_tokens`: as many as the context has room for."""
Mode = Literal["eager", "subtle"]
Texts = Annotated[tuple[str, ...], BeforeValidator(lambda v: tuple(v) if isinstance(v, list) else v)]


class Settings(BaseModel):
    """All settings, checked and complete."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, strict=True, populate_by_name=True)

    model: str = Field(
        default="auto",
        min_length=1,
        description="The model: `auto` (the best installed one that fits), a name from `seekline models list`, "
        "`owner/name` or `owner/name@revision` on the hub once downloaded, or a folder (`./folder`, `~/folder`, "
        "`/folder`).",
        json_schema_extra=_others_may("ask"),
    )
    prompt_format: Literal[("auto", *fim.all_formats())] = Field(  # pyright: ignore[reportInvalidTypeForm]
        default="auto",
        description="How the model wants its prompt; `auto` knows the catalogue's models and looks at the "
        "vocabulary of others. `plain` is left to right, for a model without fill-in-the-middle.",
        json_schema_extra=_others_may("set"),
    )
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|mps|(cuda|rocm|vulkan)(:\d+)?)$",
        description="`auto` (the first GPU, else the CPU), `cpu`, `cuda`, `cuda:1`, `mps`; with `engine = "
        '"llama.cpp"`, built for it, also `vulkan` and `rocm`.',
        json_schema_extra=_others_may("set", **{"x-expected": '"auto", "cpu", "mps", "cuda" or "cuda:1"'}),
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto",
        description="Number format to compute in; `auto` takes what is fast on the device.",
        json_schema_extra=_others_may("set"),
    )
    model_format: Literal["auto", "safetensors", "pytorch", "gguf", "gptq", "awq"] = Field(
        default="auto",
        description="In which of its formats a model is loaded, where several are here; `auto` takes what suits the "
        "device. `pytorch` is another word for `safetensors`.",
        json_schema_extra=_others_may("set"),
    )
    engine: Literal["auto", "seekline", "llama.cpp"] = Field(
        default="auto",
        description="What computes: `seekline` (its own forward pass, or transformers), or `llama.cpp` for GGUF files, "
        "in a process of its own (the extra `gguf`: `pipx install '.[gguf]'` in the clone). `auto` takes llama.cpp for "
        "GGUF files of an architecture that Seekline's own forward pass does not know.",
        json_schema_extra=_others_may("set"),
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
        json_schema_extra=_others_may(
            "set", **{"x-expected": 'one of "auto", "none", "int8", "nf4", "int4", or of a GGUF file, as "q4_k_m"'}
        ),
    )
    draft_model: str = Field(
        default="none",
        min_length=1,
        description="A small model that guesses ahead for `model` to verify in one step, named as `model` is: it must "
        "have the same vocabulary, as `deepseek-coder-1.3b-base` has for the larger ones. It changes how fast text "
        "comes, never the text; `none`: only what stands in the prompt is guessed.",
        json_schema_extra=_others_may("ask"),
    )
    packed_model: str = Field(
        default="none",
        min_length=1,
        description="A file by `seekline models pack`: the weights of `model` as Seekline quantized them once, so that "
        "this machine need not. `none`: they are quantized at the first start.",
        json_schema_extra=_others_may("nothing"),
    )
    adapter: str = Field(
        default=NOTHING,
        min_length=1,
        description="A LoRA adapter in PEFT's format for `model`, a folder with adapter_config.json and "
        "adapter_model.safetensors (`./folder`, `~/folder`, `/folder`). Another one takes its place without loading "
        "the model again. Only for models that Seekline computes itself (DeepSeek Coder v1); `none`: the model as it "
        "is.",
        json_schema_extra=_others_may("ask"),
    )
    merge_adapter: bool = Field(
        default=False,
        description="Add `adapter` to the weights before they are quantized, so that it costs no time while you type; "
        "another one then takes loading the model again.",
        json_schema_extra=_others_may("set"),
    )
    trust_remote_code: Texts = Field(
        default=(),
        description="Models whose own Python code may run, by the name that `model` has, a folder by its path without "
        "links. Empty: no such code runs.",
        json_schema_extra=_others_may("nothing"),
    )
    offline: bool = Field(
        default=False,
        description="Never open a connection to another machine, not even for `seekline models download`.",
        json_schema_extra=_others_may("nothing"),
    )
    remote_url: str = Field(
        default="",
        max_length=2048,
        description="Ask a server instead of a model in this process: what `/completions` of an OpenAI-compatible API "
        "is behind, as `http://127.0.0.1:8000/v1` (vLLM, SGLang, llama-server, Xinference), "
        "`http://127.0.0.1:11434/v1` (Ollama) or `https://api.deepseek.com/beta`. **Your code is sent there.** No "
        "redirect is followed, and no proxy of the environment used. With `offline` only a server on this machine is "
        "asked.",
        json_schema_extra=_others_may("nothing"),
    )
    remote_model: str = Field(
        default="",
        max_length=400,
        description="Its name on that server; empty: the only one that is there.",
        json_schema_extra=_others_may("nothing"),
    )
    remote_tokenizer: str = Field(
        default="",
        description="A model on this machine, named as `model` is, that has the tokenizer of the server's model. "
        "Prompts are then counted exactly, and sent as token ids where the server takes these. Empty: they are "
        "estimated, and sent as text.",
        json_schema_extra=_others_may("nothing"),
    )
    remote_prompt: Literal["auto", "ids", "suffix", "text"] = Field(
        default="auto",
        description="How the server is given a prompt: as token `ids`, as a prompt with its `suffix`, or as one `text` "
        "with the control tokens of `prompt_format`. `auto` goes by what the server says it is.",
        json_schema_extra=_others_may("nothing"),
    )
    remote_key: str = Field(
        default="auto",
        pattern=r"^(auto|none|keyring|env:[A-Za-z_][A-Za-z0-9_]*)$",
        description="Where the server's key is: `auto` (the environment variable `SEEKLINE_REMOTE_KEY`, if it is set), "
        "`env:NAME` (another one), `keyring` (the system's, by the package keyring: `keyring set seekline HOST`) or "
        "`none`. Never the key itself.",
        json_schema_extra=_others_may(
            "nothing", **{"x-expected": '"auto", "none", "keyring" or "env:" and the name of a variable'}
        ),
    )
    remote_timeout_ms: int = Field(
        default=10_000,
        ge=100,
        le=600_000,
        description="How long the server may say nothing, in milliseconds.",
        json_schema_extra=_others_may("set"),
    )
    context_tokens: Auto | Annotated[int, Field(ge=64, le=163_840)] = Field(
        default="auto",
        description="Tokens of a prompt; `auto` is 1024 on a CPU and 4096 on a GPU, or what the model has.",
        json_schema_extra=_others_may("set"),
    )
    max_new_tokens: Literal[-1] | Annotated[int, Field(ge=1, le=2048)] = Field(
        default=96,
        description="Tokens of a completion at the most; twice as many where you ask for one. -1: as many as the "
        "model's context has room for behind the prompt.",
        json_schema_extra=_others_may("set", **{"x-expected": "-1 or a whole number from 1 to 2048"}),
    )
    max_length: Auto | Annotated[int, Field(ge=128, le=163_840)] = Field(
        default="auto",
        description="Tokens of a prompt and its completion together, at the most, and so of the KV cache that is made "
        "room for; `auto` is what `context_tokens` and `max_new_tokens` add up to.",
        json_schema_extra=_others_may("set"),
    )
    max_batch_size: Auto | Annotated[int, Field(ge=1, le=64)] = Field(
        default="auto",
        description="Room for the KV caches of so many documents with prompts of full length, so that none is read "
        "again when you come back to it; `auto` follows the memory that is left. Prompts are computed one at a time.",
        json_schema_extra=_others_may("set"),
    )
    deadline_ms: int = Field(
        default=20_000,
        ge=100,
        le=600_000,
        description="How long the model may take for a completion, in milliseconds: what it has by then is shown as "
        "far as it is whole.",
        json_schema_extra=_others_may("set"),
    )
    temperature: float = Field(
        default=0.0,
        ge=0,
        le=2,
        description="0 always takes the likeliest token; more gives more variety.",
        json_schema_extra=_others_may("set"),
    )
    top_k: Literal["all"] | Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default="all",
        description="With a temperature, the next token is one of so many likeliest; 1 is as a temperature of 0.",
        json_schema_extra=_others_may("set"),
    )
    copies: bool = Field(
        default=True,
        description="Mix into the model's choice what followed the same text elsewhere, in the document and in files "
        "near it. Only for models that this was fitted for: the embedded one.",
        json_schema_extra=_others_may("set"),
    )
    least_probability: Auto | Annotated[float, Field(ge=0, le=1)] = Field(
        default="auto",
        description="Show nothing that is less likely to be right, unless it was asked for; `auto` is what was "
        "measured for the model: 0.33 for the embedded one (0.45 for whole lines); for others 0.4 to 0.5, of the first "
        "tokens' mean.",
        json_schema_extra=_others_may("set"),
    )
    threads: Auto | Annotated[int, Field(ge=1, le=1024)] = Field(
        default="auto",
        description="Threads for computing on the CPU, at most as many as it runs at a time; `auto` is the physical "
        "cores but one.",
        json_schema_extra=_others_may("set"),
    )
    unload_minutes: float = Field(
        default=0,
        ge=0,
        le=10_080,
        description="After so many minutes without a request the model gives its memory back, until the next one. 0: "
        "it stays.",
        json_schema_extra=_others_may("set"),
    )
    mode: Mode = Field(
        default="eager",
        description="When completions come by themselves: `eager` while you type, `subtle` only after you have stopped "
        "for a while (`pause_ms`). Either way they come when invoked.",
        json_schema_extra=_others_may("set"),
    )
    debounce_ms: Auto | Annotated[int, Field(ge=0, le=5000)] = Field(
        default="auto",
        description="How long typing must pause before the model is asked, in milliseconds; `auto` follows how fast "
        "you type and how fast the model is. What is known already comes at once.",
        json_schema_extra=_others_may("set"),
    )
    pause_ms: int = Field(
        default=800,
        ge=0,
        le=60_000,
        description="How long typing must pause in the mode `subtle`, in milliseconds.",
        json_schema_extra=_others_may("set"),
    )
    look_ahead: bool = Field(
        default=True,
        description="Compute what you will ask for next, once you accept what is shown, while the device is idle.",
        json_schema_extra=_others_may("set"),
    )
    languages: Mapping[str, bool | Mode] = Field(
        default={},
        description="Which languages to complete in, by name or editor's id, or in which mode: `{ markdown = false, "
        'yaml = "subtle" }`. `*` stands for all that are not named.',
        json_schema_extra=_others_may("set"),  # a completion in another language reads nothing more
    )
    files: Mapping[str, bool | Mode] = Field(
        default={},
        description="The same for files, by .gitignore patterns relative to the workspace; the last one that matches "
        'counts, and more than the language: `{ "docs/**" = false, "*.test.ts" = "subtle" }`.',
        json_schema_extra=_others_may("set"),
    )
    exclude: Texts = Field(
        default=(".env", ".env.*", "*.pem", "*.key", "id_rsa*", "id_ed25519*"),
        description="Files never completed in and never read, as .gitignore patterns relative to the workspace.",
        json_schema_extra=_others_may("add"),
    )
    libraries: bool = Field(
        default=False,
        description="Also show signatures of installed packages (`.venv`, `node_modules`, Go's module cache) in "
        "prompts.",
        json_schema_extra=_others_may("nothing"),  # Go's module cache is outside the workspace
    )
    statistics: bool = Field(
        default=True,
        description="Count what becomes of completions, for `seekline stats`: numbers, times, names of languages, no "
        "text and no paths, kept on this machine and never sent.",
        json_schema_extra=_others_may("nothing"),
    )
    log_level: Literal["error", "warning", "info", "debug"] = Field(
        default="info",
        description="How much is logged to stderr.",
        json_schema_extra=_others_may("set"),  # no level logs source text
    )


def keys() -> tuple[str, ...]:
    """Every key in snake_case, in the order of the documentation."""
    return tuple(Settings.model_fields)


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of the settings as a TOML file has them (snake_case)."""
    schema = Settings.model_json_schema(by_alias=False)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "seekline.toml"}


def editor_key(key: str) -> str:
    return to_camel(key)


def others_may(key: str) -> Others:
    return schema()["properties"][key]["x-others-may"]
