"""The settings: their one definition, from which the schema, the documentation and the error messages come.

Keys are snake_case in TOML, the same words in camelCase in an editor's JSON.

Each setting says what others may do with it: a workspace's file and an editor's settings, both of which a repository
can bring along. Only the user's own file and the command line are the user's for certain.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.alias_generators import to_camel

from .field import Auto, Others, Texts, others_may_do
from .model_settings import ModelSettings
from .remote_settings import RemoteSettings
from .share_settings import ShareSettings

WHOLE_CONTEXT = -1
"""As `max_new_tokens`: as many as the context has room for."""
Mode = Literal["eager", "subtle"]


class Settings(ShareSettings, RemoteSettings, ModelSettings):
    """All settings. In the documentation, those of a group stand before those of the groups that are named before it,
    and these here last."""

    context_tokens: Auto | Annotated[int, Field(ge=64, le=163_840)] = Field(
        default="auto",
        description="Tokens of a prompt; `auto` is 1024 on a CPU and 4096 on a GPU, or what the model has.",
        json_schema_extra=others_may_do("set"),
    )
    max_new_tokens: Literal[-1] | Annotated[int, Field(ge=1, le=2048)] = Field(
        default=96,
        description="Tokens of a completion at the most; twice as many where you ask for one. -1: as many as the "
        "model's context has room for behind the prompt.",
        json_schema_extra=others_may_do("set", **{"x-expected": "-1 or a whole number from 1 to 2048"}),
    )
    max_length: Auto | Annotated[int, Field(ge=128, le=163_840)] = Field(
        default="auto",
        description="Tokens of a prompt and its completion together, at the most, and so of the KV cache that is made "
        "room for; `auto` is what `context_tokens` and `max_new_tokens` add up to.",
        json_schema_extra=others_may_do("set"),
    )
    max_batch_size: Auto | Annotated[int, Field(ge=1, le=64)] = Field(
        default="auto",
        description="Room for the KV caches of so many documents with prompts of full length, so that none is read "
        "again when you come back to it; `auto` follows the memory that is left. Prompts are computed one at a time.",
        json_schema_extra=others_may_do("set"),
    )
    deadline_ms: int = Field(
        default=20_000,
        ge=100,
        le=600_000,
        description="How long the model may take for a completion, in milliseconds: what it has by then is shown as "
        "far as it is whole.",
        json_schema_extra=others_may_do("set"),
    )
    temperature: float = Field(
        default=0.0,
        ge=0,
        le=2,
        description="0 always takes the likeliest token; more gives more variety.",
        json_schema_extra=others_may_do("set"),
    )
    top_k: Literal["all"] | Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default="all",
        description="With a temperature, the next token is one of so many likeliest; 1 is as a temperature of 0.",
        json_schema_extra=others_may_do("set"),
    )
    copies: bool = Field(
        default=True,
        description="Mix into the model's choice what followed the same text elsewhere, in the document and in files "
        "near it. Only for models that this was fitted for: the embedded one.",
        json_schema_extra=others_may_do("set"),
    )
    least_probability: Auto | Annotated[float, Field(ge=0, le=1)] = Field(
        default="auto",
        description="Show nothing that is less likely to be right, unless it was asked for; `auto` is what was "
        "measured for the model: 0.33 for the embedded one (0.45 for whole lines); for others 0.4 to 0.5, of the first "
        "tokens' mean.",
        json_schema_extra=others_may_do("set"),
    )
    threads: Auto | Annotated[int, Field(ge=1, le=1024)] = Field(
        default="auto",
        description="Threads for computing on the CPU, at most as many as it runs at a time; `auto` is the physical "
        "cores but one.",
        json_schema_extra=others_may_do("set"),
    )
    unload_minutes: float = Field(
        default=0,
        ge=0,
        le=10_080,
        description="After so many minutes without a request the model gives its memory back, until the next one. 0: "
        "it stays.",
        json_schema_extra=others_may_do("set"),
    )
    mode: Mode = Field(
        default="eager",
        description="When completions come by themselves: `eager` while you type, `subtle` only after you have stopped "
        "for a while (`pause_ms`). Either way they come when invoked.",
        json_schema_extra=others_may_do("set"),
    )
    debounce_ms: Auto | Annotated[int, Field(ge=0, le=5000)] = Field(
        default="auto",
        description="How long typing must pause before the model is asked, in milliseconds; `auto` follows how fast "
        "you type and how fast the model is. What is known already comes at once.",
        json_schema_extra=others_may_do("set"),
    )
    pause_ms: int = Field(
        default=800,
        ge=0,
        le=60_000,
        description="How long typing must pause in the mode `subtle`, in milliseconds.",
        json_schema_extra=others_may_do("set"),
    )
    look_ahead: bool = Field(
        default=True,
        description="Compute what you will ask for next, once you accept what is shown, while the device is idle.",
        json_schema_extra=others_may_do("set"),
    )
    languages: Mapping[str, bool | Mode] = Field(
        default={},
        description="Which languages to complete in, by name or editor's id, or in which mode: `{ markdown = false, "
        'yaml = "subtle" }`. `*` stands for all that are not named.',
        json_schema_extra=others_may_do("set"),  # a completion in another language reads nothing more
    )
    files: Mapping[str, bool | Mode] = Field(
        default={},
        description="The same for files, by .gitignore patterns relative to the workspace; the last one that matches "
        'counts, and more than the language: `{ "docs/**" = false, "*.test.ts" = "subtle" }`.',
        json_schema_extra=others_may_do("set"),
    )
    exclude: Texts = Field(
        default=(".env", ".env.*", "*.pem", "*.key", "id_rsa*", "id_ed25519*"),
        description="Files never completed in and never read, as .gitignore patterns relative to the workspace.",
        json_schema_extra=others_may_do("add"),
    )
    libraries: bool = Field(
        default=False,
        description="Also show signatures of installed packages (`.venv`, `node_modules`, Go's module cache) in "
        "prompts.",
        json_schema_extra=others_may_do("nothing"),  # Go's module cache is outside the workspace
    )
    statistics: bool = Field(
        default=True,
        description="Count what becomes of completions, for `seekline stats`: numbers, times, names of languages, no "
        "text and no paths, kept on this machine and never sent.",
        json_schema_extra=others_may_do("nothing"),
    )
    log_level: Literal["error", "warning", "info", "debug"] = Field(
        default="info",
        description="How much is logged to stderr.",
        json_schema_extra=others_may_do("set"),  # no level logs source text
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
