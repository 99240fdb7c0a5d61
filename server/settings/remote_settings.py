"""The settings that say which server completes instead of a model on this machine; see `settings`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .field import SettingsGroup, others_may_do


class RemoteSettings(SettingsGroup):
    """Which server, and how it is asked. None of it comes from anyone but the user."""

    remote_url: str = Field(
        default="",
        max_length=2048,
        description="Ask a server instead of a model in this process: what `/completions` of an OpenAI-compatible API "
        "is behind, as `http://127.0.0.1:8000/v1` (vLLM, SGLang, llama-server, Xinference), "
        "`http://127.0.0.1:11434/v1` (Ollama) or `https://api.deepseek.com/beta`. **Your code is sent there.** No "
        "redirect is followed, and no proxy of the environment used. With `offline` only a server on this machine is "
        "asked.",
        json_schema_extra=others_may_do("nothing"),
    )
    remote_model: str = Field(
        default="",
        max_length=400,
        description="Its name on that server; empty: the only one that is there.",
        json_schema_extra=others_may_do("nothing"),
    )
    remote_tokenizer: str = Field(
        default="",
        description="A model on this machine, named as `model` is, that has the tokenizer of the server's model. "
        "Prompts are then counted exactly, and sent as token ids where the server takes these. Empty: they are "
        "estimated, and sent as text.",
        json_schema_extra=others_may_do("nothing"),
    )
    remote_prompt: Literal["auto", "ids", "suffix", "text"] = Field(
        default="auto",
        description="How the server is given a prompt: as token `ids`, as a prompt with its `suffix`, or as one `text` "
        "with the control tokens of `prompt_format`. `auto` goes by what the server says it is.",
        json_schema_extra=others_may_do("nothing"),
    )
    remote_key: str = Field(
        default="auto",
        pattern=r"^(auto|none|keyring|env:[A-Za-z_][A-Za-z0-9_]*)$",
        description="Where the server's key is: `auto` (the environment variable `SEEKLINE_REMOTE_KEY`, if it is set), "
        "`env:NAME` (another one), `keyring` (the system's, by the package keyring: `keyring set seekline HOST`) or "
        "`none`. Never the key itself.",
        json_schema_extra=others_may_do(
            "nothing", **{"x-expected": '"auto", "none", "keyring" or "env:" and the name of a variable'}
        ),
    )
    remote_timeout_ms: int = Field(
        default=10_000,
        ge=100,
        le=600_000,
        description="How long the server may say nothing, in milliseconds.",
        json_schema_extra=others_may_do("set"),
    )
