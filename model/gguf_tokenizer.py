"""The tokenizer in a GGUF file, as a tokenizer.json has one: byte-level BPE, or SentencePiece's with scores.

A file names how texts are split (`tokenizer.ggml.pre`); gguf_splits.toml says what that means. The merges of a
SentencePiece vocabulary follow from its scores: a pair of tokens may be merged where what comes out is a token, the one
with the best score first. Knows nothing of tensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import tomli
from pydantic import BaseModel, Field, StrictBool, StrictFloat, StrictInt, StrictStr, TypeAdapter

from . import outside
from .catalogue.gguf_file import read_gguf_header
from .errors import BrokenCheckpoint, UnreadableFile, UnsupportedTokenizer
from .tokenizer_parts import MAX_ID

_BYTE_LEVEL, _SENTENCE_PIECE = "gpt2", "llama"
_DEFAULT_SPLIT = "default"
_SPACE = "▁"
_MAX_PIECE_CHARACTERS = 256  # SentencePiece's own bound is 16 if it was not raised
_MAX_PIECES_CHARACTERS = 4_000_000
_AGAIN = "Download the model again."
# CodeLlama's, which some files have as ordinary tokens.
_CONTROL_TEXTS = ("▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>")
_CONTROL_ENTRIES = (
    *("bos", "eos", "eot", "eom"),
    *("fim_pre", "fim_suf", "fim_mid", "fim_pad", "fim_rep", "fim_sep", "prefix", "suffix", "middle"),
)
"""What `tokenizer.ggml.*_token_id` calls tokens that control the model."""


class _Kind(IntEnum):
    """Of a token, as `tokenizer.ggml.token_type` numbers them."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


class _Entries(BaseModel):
    """What a file says of its vocabulary."""

    model: Annotated[StrictStr, Field(alias="tokenizer.ggml.model")]
    split: Annotated[StrictStr | None, Field(alias="tokenizer.ggml.pre")] = None
    tokens: Annotated[list[StrictStr], Field(alias="tokenizer.ggml.tokens", min_length=1, max_length=MAX_ID)]
    kinds: Annotated[list[StrictInt] | None, Field(alias="tokenizer.ggml.token_type")] = None
    scores: Annotated[list[StrictFloat] | None, Field(alias="tokenizer.ggml.scores")] = None
    merges: Annotated[list[StrictStr] | None, Field(alias="tokenizer.ggml.merges")] = None
    begin: Annotated[StrictInt | None, Field(alias="tokenizer.ggml.bos_token_id")] = None
    unknown: Annotated[StrictInt | None, Field(alias="tokenizer.ggml.unknown_token_id")] = None
    begins: Annotated[StrictBool | None, Field(alias="tokenizer.ggml.add_bos_token")] = None
    space_first: Annotated[StrictBool, Field(alias="tokenizer.ggml.add_space_prefix")] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Split:
    """How texts are split; see gguf_splits.toml."""

    names: list[str]
    expressions: list[str]
    by_gpt2: bool = False
    whole_words: bool = False
    begins: bool = False
    normalizer: str | None = None
    marks: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufTokenizer:
    """`table`: what a tokenizer.json says. `begin_token`: what is put before a text; None where nothing is."""

    table: dict[str, Any]
    begin_token: str | None


def read_gguf_tokenizer(path: Path) -> GgufTokenizer:
    """The tokenizer of a GGUF file.

    Raises `BrokenCheckpoint` where it has none or one that contradicts itself, `UnsupportedTokenizer` for other kinds.
    """
    metadata = read_gguf_header(path).metadata
    try:
        entries = outside.checked(metadata, TypeAdapter(_Entries), name=path)
    except UnreadableFile as error:
        raise BrokenCheckpoint(error.problem, _AGAIN) from error
    if entries.model not in (_BYTE_LEVEL, _SENTENCE_PIECE):
        raise _unsupported(path, f"a tokenizer of the kind {entries.model[:100]!r}")
    ids = _ids(entries, path)
    kinds = _kinds(entries, metadata, path)
    added = _added_tokens(entries.tokens, kinds)
    if entries.model == _BYTE_LEVEL:
        split = _split_of(entries, ids, path)
        table, begins = _byte_level(entries, ids, kinds, split, path), split.begins
    else:
        table, begins = _sentence_piece(entries, ids, kinds, path), True
    begins = entries.begins if entries.begins is not None else begins
    begin = entries.begin if begins and entries.begin is not None and entries.begin < len(kinds) else None
    return GgufTokenizer(
        table={"added_tokens": added, **table}, begin_token=None if begin is None else entries.tokens[begin]
    )


def _ids(entries: _Entries, path: Path) -> dict[str, int]:
    ids: dict[str, int] = {}
    for id, token in enumerate(entries.tokens):
        if not token:
            raise BrokenCheckpoint(f"{path} has an empty token, with the id {id}.", _AGAIN)
        if token in ids:
            raise BrokenCheckpoint(f"{path} has the token {token[:80]!r} twice, as {ids[token]} and {id}.", _AGAIN)
        ids[token] = id
    return ids


def _kinds(entries: _Entries, metadata: Mapping[str, Any], path: Path) -> list[int]:
    """Of every token, with those marked as controlling that the file names as such elsewhere."""
    kinds: list[int] = [_Kind.NORMAL] * len(entries.tokens) if entries.kinds is None else list(entries.kinds)
    if len(kinds) != len(entries.tokens):
        raise BrokenCheckpoint(f"{path} has {len(kinds):,} types of {len(entries.tokens):,} tokens.", _AGAIN)
    for name in _CONTROL_ENTRIES:
        id = metadata.get(f"tokenizer.ggml.{name}_token_id")
        if isinstance(id, int) and 0 <= id < len(kinds):
            kinds[id] = _Kind.CONTROL
    for id, token in enumerate(entries.tokens):
        if token in _CONTROL_TEXTS:
            kinds[id] = _Kind.CONTROL
        # Older converters mark all that was added as controlling, DeepSeek Coder's single letters, too.
        elif kinds[id] == _Kind.CONTROL and len(token) == 1 and entries.model == _BYTE_LEVEL:
            kinds[id] = _Kind.USER_DEFINED
    return kinds


def _added_tokens(tokens: list[str], kinds: list[int]) -> list[dict[str, Any]]:
    added: list[dict[str, Any]] = []
    for id, (token, kind) in enumerate(zip(tokens, kinds, strict=True)):
        if kind in (_Kind.CONTROL, _Kind.UNKNOWN, _Kind.USER_DEFINED):
            plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
            added.append({"id": id, "content": token, "special": kind != _Kind.USER_DEFINED, **plain})
    return added


def _vocabulary(ids: Mapping[str, int], kinds: list[int]) -> dict[str, int]:
    """The tokens that a text may be made of."""
    return {token: id for token, id in ids.items() if kinds[id] not in (_Kind.CONTROL, _Kind.UNUSED)}


def _byte_level(
    entries: _Entries, ids: Mapping[str, int], kinds: list[int], split: _Split, path: Path
) -> dict[str, Any]:
    if entries.merges is None:
        raise BrokenCheckpoint(f"{path} has a byte-level vocabulary without merges.", _AGAIN)
    merges: list[tuple[str, str]] = []
    for merge in entries.merges:
        left, _, right = merge.partition(" ")
        for token in (left, right, left + right):
            if token not in ids:
                raise BrokenCheckpoint(f"{path} has the merge {merge[:80]!r}, and no token {token[:80]!r}.", _AGAIN)
        merges.append((left, right))
    splitters = [_splitter(expression) for expression in split.expressions]
    return {
        "normalizer": {"type": split.normalizer} if split.normalizer else None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [*splitters, _to_bytes(by_gpt2=split.by_gpt2)]},
        "decoder": {"type": "ByteLevel"},
        "model": {
            "type": "BPE",
            "ignore_merges": split.whole_words,
            "vocab": _vocabulary(ids, kinds),
            "merges": merges,
        },
    }


def _splitter(expression: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated", "invert": False}


def _to_bytes(*, by_gpt2: bool) -> dict[str, Any]:
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": by_gpt2}


def _split_of(entries: _Entries, ids: Mapping[str, int], path: Path) -> _Split:
    name = entries.split or _DEFAULT_SPLIT
    if name == _DEFAULT_SPLIT:
        for split in _splits():
            if split.marks and all(ids.get(token) == id for token, id in split.marks.items()):
                return split
    for split in _splits():
        if name in split.names:
            return split
    raise _unsupported(path, f"a tokenizer that splits texts as {name[:100]!r}")


@cache
def _splits() -> list[_Split]:
    text = Path(__file__).with_name("gguf_splits.toml").read_text("utf-8")
    return [_Split(**row) for row in tomli.loads(text)["split"]]


def _sentence_piece(entries: _Entries, ids: Mapping[str, int], kinds: list[int], path: Path) -> dict[str, Any]:
    scores = entries.scores
    if scores is None or len(scores) != len(kinds):
        said = "no scores" if scores is None else f"{len(scores):,} scores"
        raise BrokenCheckpoint(f"{path} has {len(kinds):,} tokens and {said} of them.", _AGAIN)
    replaced = {"type": "Replace", "pattern": {"String": " "}, "content": _SPACE}
    normalizers = [{"type": "Prepend", "prepend": _SPACE}, replaced] if entries.space_first else [replaced]
    unknown = entries.unknown if entries.unknown is not None else 0
    is_known = 0 <= unknown < len(kinds) and kinds[unknown] == _Kind.UNKNOWN
    return {
        "normalizer": {"type": "Sequence", "normalizers": normalizers},
        "pre_tokenizer": None,
        "decoder": None,
        "model": {
            "type": "BPE",
            "unk_token": entries.tokens[unknown] if is_known else None,
            "fuse_unk": True,
            "byte_fallback": True,
            "vocab": _vocabulary(ids, kinds),
            "merges": _merges(entries.tokens, kinds, scores, path),
        },
    }


def _merges(tokens: list[str], kinds: list[int], scores: list[float], path: Path) -> list[tuple[str, str]]:
    """The pairs of tokens that make a token, by its score, the best first; of one token's the longest left part first,
    which is the order of transformers' converter."""
    ids = {token: id for id, token in enumerate(tokens) if kinds[id] == _Kind.NORMAL}
    longest = max(map(len, ids), default=0)
    if longest > _MAX_PIECE_CHARACTERS or sum(map(len, ids)) > _MAX_PIECES_CHARACTERS:
        raise BrokenCheckpoint(f"{path} has a vocabulary with tokens of up to {longest:,} characters.", _AGAIN)
    ranked: list[tuple[float, int, int, int, str, str]] = []
    for token, id in ids.items():
        for cut in range(1, len(token)):
            left, right = token[:cut], token[cut:]
            if left in ids and right in ids:
                ranked.append((-scores[id], -len(left), -len(right), id, left, right))
    ranked.sort()
    return [(left, right) for *_, left, right in ranked]


def _unsupported(path: Path, what: str) -> UnsupportedTokenizer:
    return UnsupportedTokenizer(
        f"{path} has {what}, which Seekline does not run.",
        "Choose another model; if this one comes from a source that you trust, report its name.",
    )
