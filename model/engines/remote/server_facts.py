"""What a server says of itself: which model it runs, how long its context is, and what kind of server it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import RemoteFailed
from ..http.exchange import quoted
from ..http.failures import HttpFailure
from .remote_model import Address, RemoteModel, Takes

MOST_MODELS = 10_000
_SHOWN_MODELS = 8
_CONTEXT_TOKENS = range(64, 1 << 24)
_MAX_NAME_CHARACTERS = 400

# By the owner that a server writes to its models. vLLM answers a suffix with 400, llama.cpp ignores it; Ollama and
# DeepSeek put prefix and suffix together themselves, and take no ids.
TAKES_IDS = ("vllm", "sglang", "llamacpp")
_TAKES_SUFFIX = ("library", "deepseek")
STOPS_BY_ID = ("vllm", "sglang")
"""Who knows the parameter `stop_token_ids`."""
COUNTS_ALL_ALONG = ("vllm",)
"""Who says with each piece how many tokens there are, where that is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """`owner`: who serves, as it says; empty: unknown. `context_tokens`, `vocabulary_size`: None where it does not say.
    `others`: some of the models that it has beside."""

    model: str
    owner: str = ""
    context_tokens: int | None = None
    vocabulary_size: int | None = None
    others: tuple[str, ...] = ()

    def takes(self, *, has_tokenizer: bool) -> tuple[Takes, bool]:
        """How it is best given a prompt, and whether that is a guess."""
        if self.owner in _TAKES_SUFFIX:
            return "suffix", False
        if not has_tokenizer:
            return "text", False
        return "ids", self.owner not in TAKES_IDS


def ask_facts(ask: Callable[[str], Any], wanted: RemoteModel, address: Address) -> ServerFacts:
    """`ask`: GETs a path. Raises `RemoteFailed` where the server does not say which model is meant, `HttpFailure`."""
    try:
        answer = ask("/models")
    except HttpFailure as failure:
        if wanted.model and failure.status in (404, 405, 501):  # not every server lists its models
            return ServerFacts(model=wanted.model, owner=_owner_by_host(address))
        raise
    rows = _rows(answer)
    names = [row["id"] for row in rows]
    row = _chosen(rows, wanted, address)
    shown = tuple(quoted(name) for name in names[:_SHOWN_MODELS])
    if row is None:
        return ServerFacts(model=wanted.model, owner=_owner(rows, address), others=shown)
    meta = row.get("meta")
    of_llama_cpp: Mapping[str, Any] = meta if isinstance(meta, dict) else {}
    return ServerFacts(
        model=wanted.model or row["id"],
        owner=_owner([row], address),
        context_tokens=_count(row, "max_model_len", "context_length") or _count(of_llama_cpp, "n_ctx", "n_ctx_train"),
        vocabulary_size=_count(of_llama_cpp, "n_vocab"),
        others=shown,
    )


def _rows(answer: Any) -> list[dict[str, Any]]:
    rows = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or len(rows) > MOST_MODELS:
        raise HttpFailure("garbage", "does not list its models as OpenAI's API does")
    known: list[dict[str, Any]] = []
    for row in rows:
        name = row.get("id") if isinstance(row, dict) else None
        if isinstance(name, str) and 0 < len(name) <= _MAX_NAME_CHARACTERS:
            known.append(row)
    return known


def _chosen(rows: list[dict[str, Any]], wanted: RemoteModel, address: Address) -> dict[str, Any] | None:
    """The row of the model that is meant; None where it is not listed, which need not mean that it is not there."""
    if wanted.model:
        for row in rows:
            if row["id"] in (wanted.model, f"{wanted.model}:latest"):
                return row
        return rows[0] if len(rows) == 1 and rows[0].get("owned_by") == "llamacpp" else None  # which takes any name
    if len(rows) == 1:
        return rows[0]
    if not rows:
        raise RemoteFailed(f"{address.origin} has no model.", "Load one there, or name it as remote_model.")
    names = [quoted(row["id"]) for row in rows[:_SHOWN_MODELS]]
    more = ", …" if len(rows) > _SHOWN_MODELS else ""
    raise RemoteFailed(
        f"{address.origin} has {len(rows)} models: {', '.join(names)}{more}.", "Name one of them as remote_model."
    )


def _owner(rows: list[dict[str, Any]], address: Address) -> str:
    owner = rows[0].get("owned_by") if rows else None
    return owner if isinstance(owner, str) else _owner_by_host(address)


def _owner_by_host(address: Address) -> str:
    return "deepseek" if address.host == "api.deepseek.com" else ""


def _count(row: Mapping[str, Any], *keys: str) -> int | None:
    for key in keys:
        value = row.get(key)
        if isinstance(value, int) and value in _CONTEXT_TOKENS:
            return value
    return None
