"""What lies in a model's folder, found out without torch and without running anything that lies there.

Half a download, a pickle and a foreign format are told apart here, before seconds are spent on loading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter

from .. import outside
from ..backends.llama.llama_config import MAX_CONTEXT_TOKENS, LlamaConfig, parse_llama_config
from ..errors import BrokenCheckpoint, UnreadableFile, UnsafeWeights
from .expert_tensors import check_experts
from .gguf_file import GGUF_MAGIC
from .gguf_model import read_gguf_model
from .gguf_parts import first_parts, gguf_parts
from .llama_tensors import check_llama_tensors, parameters_of
from .packing import IN_CONFIG, OLDER_FILES, Packing, parse_packing
from .published import WeightsFormat
from .tensor_file import Tensor, read_header

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_DEFAULT_CONTEXT_TOKENS = 2048
_MAX_JSON_BYTES = 16_000_000
_AGAIN = "Download the model again."

_Layers = Annotated[int, Field(strict=True, ge=1, le=1024)] | None
_Heads = Annotated[int, Field(strict=True, ge=1, le=4096)] | None
_Experts = Annotated[int, Field(strict=True, ge=0, le=4096)] | None
_Width = Annotated[int, Field(strict=True, ge=1, le=1 << 24)] | None
_Tokens = Annotated[int, Field(strict=True, ge=1, le=1 << 40)] | None


class _Sizes(BaseModel):
    """What a config.json of any architecture may say of sizes that memory follows from, by the usual names."""

    model_type: Annotated[str, Field(max_length=200)] = ""
    num_hidden_layers: _Layers = None
    n_layer: _Layers = None
    n_layers: _Layers = None
    num_layers: _Layers = None
    num_attention_heads: _Heads = None
    n_head: _Heads = None
    num_key_value_heads: _Heads = None
    head_dim: _Heads = None
    hidden_size: _Width = None
    n_embd: _Width = None
    vocab_size: _Width = None
    max_position_embeddings: _Tokens = None
    n_positions: _Tokens = None
    max_seq_len: _Tokens = None
    n_routed_experts: _Experts = None
    num_local_experts: _Experts = None
    num_experts: _Experts = None

    @property
    def context_tokens(self) -> int:
        longest = self.max_position_embeddings or self.n_positions or self.max_seq_len or _DEFAULT_CONTEXT_TOKENS
        return min(longest, MAX_CONTEXT_TOKENS)

    @property
    def kv_bytes_per_token(self) -> int:
        """Bytes of KV cache per token at 16 bits; 0 where the configuration has other names."""
        layers, heads = self.num_hidden_layers or self.n_layer, self.num_attention_heads or self.n_head
        hidden = self.hidden_size or self.n_embd
        if not (layers and heads and hidden):
            return 0
        return 2 * 2 * layers * (self.num_key_value_heads or heads) * (self.head_dim or hidden // heads)


class _Index(BaseModel):
    weight_map: Annotated[dict[str, str], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A folder or a file that holds a whole model; sizes are read from headers.

    `stored_bytes`: of the weights as they lie there, where they are quantized. `packing`: how, where GPTQ or AWQ did.
    `vocabulary`: how many ids the model has embeddings for; None where its configuration does not say. `llama`: its
    shape where our own forward pass can run it.
    """

    path: Path
    weights_format: WeightsFormat = "safetensors"
    stored_bytes: int | None = None
    packing: Packing | None = None
    model_type: str
    parameters: int
    context_tokens: int
    kv_bytes_per_token: int
    vocabulary: int | None
    has_own_code: bool
    llama: LlamaConfig | None


def inspect(path: Path) -> Checkpoint:
    """Looks at a model's folder, or at the one file that has its weights, beside which lies what describes them.

    Raises `BrokenCheckpoint` where a file is missing, cut short, or contradicts another, `UnsafeWeights` where only
    pickles are there.
    """
    folder = path.parent if is_weights_file(path) else path
    if not folder.is_dir():
        raise BrokenCheckpoint(f"{folder} is not a folder.", "Give the folder that holds config.json.")
    gguf = gguf_file(path)
    return _of_safetensors(path, folder) if gguf is None else _of_gguf(gguf)


def _of_safetensors(path: Path, folder: Path) -> Checkpoint:
    """`folder`: where config.json lies."""
    weights = weight_files(path)
    config = read_table(folder, CONFIG)
    if config is None:
        raise BrokenCheckpoint(f"{folder} has no config.json.", _AGAIN)
    read_table(folder, "generation_config.json")  # which transformers reads
    tensors = _tensors(weights)
    try:
        sizes = outside.checked(config, TypeAdapter(_Sizes), name=folder / CONFIG)
        packing = _read_packing(config, tensors, folder)
        # What a library has quantized, that library computes.
        is_ours = packing is not None or not config.get(IN_CONFIG)
        llama = parse_llama_config(config, name=str(folder / CONFIG)) if is_ours else None
    except UnreadableFile as error:
        raise BrokenCheckpoint(error.problem, _AGAIN) from error
    if llama is not None:
        check_llama_tensors(llama, packing, tensors, path)
    check_experts(tensors, path)
    return Checkpoint(
        path=path,
        weights_format="safetensors" if packing is None else packing.method,
        stored_bytes=None if packing is None else sum(tensor.size_bytes for tensor in tensors.values()),
        packing=packing,
        model_type=sizes.model_type,
        parameters=parameters_of(tensors, packing),
        context_tokens=sizes.context_tokens,
        kv_bytes_per_token=sizes.kv_bytes_per_token,
        vocabulary=sizes.vocab_size,
        has_own_code="auto_map" in config,
        llama=llama,
    )


def _of_gguf(path: Path) -> Checkpoint:
    found = read_gguf_model(path)
    return Checkpoint(
        path=path,
        weights_format="gguf",
        stored_bytes=found.stored_bytes,
        model_type=found.architecture,
        parameters=found.parameters,
        context_tokens=found.context_tokens,
        kv_bytes_per_token=found.kv_bytes_per_token,
        vocabulary=found.vocabulary,
        has_own_code=False,
        llama=found.llama,
    )


def _read_packing(config: Mapping[str, Any], tensors: Mapping[str, Tensor], folder: Path) -> Packing | None:
    """How config.json, or the file that stood for it in older repositories, says that the weights are packed; None
    where they are not, or not in a way that is read here.

    Raises `UnreadableFile`, `BrokenCheckpoint` and `UnsupportedQuantization`.
    """
    if table := config.get(IN_CONFIG):
        name = f"{folder / CONFIG} ({IN_CONFIG})"
        return parse_packing(outside.checked(table, TypeAdapter(dict[str, Any]), name=name), name=name)
    packed = next((name for name in tensors if name.endswith(".qweight")), None)
    if packed is None:
        return None
    for file_name, method in OLDER_FILES.items():
        table = read_table(folder, file_name)
        if table is not None:
            return parse_packing(table, name=str(folder / file_name), method=method)
    raise BrokenCheckpoint(
        f"{folder} has packed weights ({packed[:200]!r}), and nothing in it says how they are packed.",
        f"Download the model again: its config.json has a {IN_CONFIG}, or quantize_config.json lies beside it.",
    )


def _tensors(paths: Sequence[Path]) -> dict[str, Tensor]:
    """What several files hold. Raises `BrokenCheckpoint`."""
    found: dict[str, Tensor] = {}
    for path in paths:
        tensors = read_header(path).tensors
        twice = sorted(tensors.keys() & found.keys())
        if twice:
            raise BrokenCheckpoint(f"{twice[0][:200]!r} stands in {path} and in another file beside it.", _AGAIN)
        found |= tensors
    return found


def read_table(folder: Path, name: str, *, limit_bytes: int = _MAX_JSON_BYTES) -> dict[str, Any] | None:
    """The object in a JSON file of a model's folder; None where there is no such file. Raises `BrokenCheckpoint`."""
    try:
        path = outside.file_in(folder, name)
        if not path.exists():
            return None
        found = outside.read_json(path, limit_bytes=limit_bytes)
    except UnreadableFile as error:
        raise BrokenCheckpoint(error.problem, _AGAIN) from error
    if not isinstance(found, dict):
        raise BrokenCheckpoint(f"{path} is not a JSON object.", _AGAIN)
    return found


def is_weights_file(path: Path) -> bool:
    """Whether a path names one file of weights; else it is a folder's."""
    return (path.suffix.lower() == ".safetensors" and not path.is_dir()) or _is_gguf(path)


def _is_gguf(path: Path) -> bool:
    """By its name, or by what it holds: a link into the hub's cache leads to a file named by its checksum alone."""
    if path.suffix.lower() == ".gguf":
        return not path.is_dir()
    if path.suffix or not path.is_file():
        return False
    try:
        with outside.open_file(path) as file:
            return file.read(len(GGUF_MAGIC)) == GGUF_MAGIC
    except (OSError, UnreadableFile):
        return False


def gguf_file(path: Path) -> Path | None:
    """The GGUF file that `path` stands for: itself, or the only one in a folder without safetensors. None where it
    stands for none. Raises `BrokenCheckpoint` where it could be one or another."""
    if is_weights_file(path):
        return path if _is_gguf(path) else None
    if (path / WEIGHTS).exists() or (path / INDEX).exists():
        return None
    found = first_parts(path.glob("*.gguf"))
    if len(found) > 1:
        names = ", ".join(ascii(one.name) for one in found[:3]) + (", ..." if len(found) > 3 else "")
        raise BrokenCheckpoint(
            f"{path} holds {len(found)} models, {names}.", "Name one of these files, and not their folder."
        )
    try:
        return outside.file_in(path, found[0].name) if found else None
    except UnreadableFile as error:
        raise BrokenCheckpoint(error.problem, _AGAIN) from error


def weight_files(path: Path) -> list[Path]:
    """The files that hold a model's weights, in the order in which transformers looks for them, or else those of a GGUF
    model. Raises what `inspect` raises."""
    gguf = gguf_file(path)
    if gguf is not None:
        return gguf_parts(gguf)
    if is_weights_file(path):
        return [path]
    folder = path
    try:
        whole = outside.file_in(folder, WEIGHTS)
        if whole.exists():
            return [whole]
        index = read_table(folder, INDEX)
        if index is None:
            raise _no_weights(folder)
        names = set(outside.checked(index, TypeAdapter(_Index), name=folder / INDEX).weight_map.values())
        paths = [outside.file_in(folder, name) for name in sorted(names)]
    except UnreadableFile as error:
        raise BrokenCheckpoint(error.problem, _AGAIN) from error
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise BrokenCheckpoint(
            f"{folder} lacks {len(missing)} of {len(paths)} weight files, {missing[0]} among them.",
            "Run the download again: it goes on where it stopped.",
        )
    return paths


def _no_weights(folder: Path) -> Exception:
    if pickles := sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern)):
        return UnsafeWeights(
            f"{folder} has its weights as a pickle only ({pickles[0]}); reading one can run any code.",
            "Take a model saved as safetensors, or convert it where you trust it (save_pretrained).",
        )
    return BrokenCheckpoint(f"{folder} has no model.safetensors.", "Download the model again.")
