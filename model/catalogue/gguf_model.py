"""What a GGUF file holds: a model of which architecture, how large, and whether our own forward pass runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter

from .. import outside
from ..backends.llama.llama_config import MAX_CONTEXT_TOKENS, LlamaConfig
from ..errors import BrokenCheckpoint, UnreadableFile
from .gguf_llama import ARCHITECTURE, FLOAT_TYPES, llama_of
from .gguf_parts import all_tensors, gguf_parts, read_gguf_headers
from .tensor_file import Tensor

_DEFAULT_CONTEXT_TOKENS = 2048
_EMBEDDING = "token_embd.weight"
_AGAIN = "Download the model again."

_Layers = Annotated[int, Field(strict=True, ge=1, le=1024)]
_Heads = Annotated[int, Field(strict=True, ge=0, le=4096)]  # a layer may have no attention
_Width = Annotated[int, Field(strict=True, ge=1, le=1 << 24)]
_Tokens = Annotated[int, Field(strict=True, ge=1, le=1 << 40)]


class _General(BaseModel):
    """What a file of any architecture must say. `type`: newer files tell models from adapters and projectors."""

    architecture: Annotated[str, Field(alias="general.architecture", strict=True, min_length=1, max_length=200)]
    type: Annotated[str, Field(alias="general.type", strict=True, max_length=200)] = "model"


class _Sizes(BaseModel):
    """What it may say of sizes that memory follows from. A number of heads may differ from layer to layer."""

    block_count: _Layers | None = None
    context_length: _Tokens = _DEFAULT_CONTEXT_TOKENS
    embedding_length: _Width | None = None
    heads: Annotated[_Heads | list[_Heads] | None, Field(alias="attention.head_count")] = None
    kv_heads: Annotated[_Heads | list[_Heads] | None, Field(alias="attention.head_count_kv")] = None
    key_length: Annotated[_Width | None, Field(alias="attention.key_length")] = None
    value_length: Annotated[_Width | None, Field(alias="attention.value_length")] = None

    @property
    def kv_bytes_per_token(self) -> int:
        """Bytes of KV cache per token at 16 bits; 0 where the file does not say enough."""
        kv_heads = self.kv_heads if self.kv_heads is not None else self.heads
        most_heads = max(self.heads, default=0) if isinstance(self.heads, list) else self.heads
        if not (self.block_count and self.embedding_length and most_heads) or kv_heads is None:
            return 0
        head_size = self.embedding_length // most_heads
        numbers = (self.key_length or head_size) + (self.value_length or head_size)
        heads_of_all = sum(kv_heads) if isinstance(kv_heads, list) else self.block_count * kv_heads
        return 2 * numbers * heads_of_all


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufModel:
    """`stored_bytes`: of the weights, where they are quantized. `vocabulary`: how many ids have an embedding, where it
    is to be found. `llama`: None where our own forward pass does not run it."""

    architecture: str
    parameters: int
    stored_bytes: int | None
    context_tokens: int
    kv_bytes_per_token: int
    vocabulary: int | None
    llama: LlamaConfig | None


def read_gguf_model(path: Path) -> GgufModel:
    """Looks at the headers of a GGUF file, and of those that it is split into. Raises `BrokenCheckpoint`."""
    parts = gguf_parts(path)
    headers = read_gguf_headers(parts)
    metadata, tensors = headers[0].metadata, all_tensors(parts, headers)
    try:
        general = outside.checked(metadata, TypeAdapter(_General), name=path)
        if general.type != "model":
            raise BrokenCheckpoint(
                f"{path} holds no model: its type is {general.type!r}.", "Name the model's own file."
            )
        if not tensors:
            raise BrokenCheckpoint(f"{path} has no weights.", "Download the model again: this is its vocabulary only.")
        sizes = _sizes(metadata, general.architecture, path)
        llama = llama_of(metadata, tensors, path) if general.architecture == ARCHITECTURE else None
    except UnreadableFile as error:
        raise BrokenCheckpoint(error.problem, _AGAIN) from error
    return GgufModel(
        architecture=general.architecture,
        parameters=sum(header.parameters for header in headers),
        stored_bytes=_stored_bytes(tensors),
        context_tokens=min(sizes.context_length, MAX_CONTEXT_TOKENS),
        kv_bytes_per_token=sizes.kv_bytes_per_token,
        vocabulary=tensors[_EMBEDDING].shape[0] if _EMBEDDING in tensors else None,
        llama=llama,
    )


def _sizes(metadata: Mapping[str, Any], architecture: str, path: Path) -> _Sizes:
    prefix = f"{architecture}."
    own = {key.removeprefix(prefix): value for key, value in metadata.items() if key.startswith(prefix)}
    return outside.checked(own, TypeAdapter(_Sizes), name=path)


def _stored_bytes(tensors: Mapping[str, Tensor]) -> int | None:
    if all(tensor.dtype in FLOAT_TYPES for tensor in tensors.values()):
        return None
    return sum(tensor.size_bytes for tensor in tensors.values())
