"""Text to token ids and back.

Two things that a stock tokenizer gets wrong here. Text of the user must never become a control token, although
`<｜fim▁hole｜>` may well stand in a file; so text is encoded by a copy of the tokenizer that does not know the
control tokens, and control ids are looked up one by one. And a token may end in the middle of a UTF-8 character;
so decoding goes through a table from id to bytes.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer as _Tokenizer

from .catalogue.checkpoint import gguf_file, is_weights_file, read_table
from .errors import BrokenCheckpoint
from .gguf_tokenizer import read_gguf_tokenizer
from .tokenizer_parts import MAX_ID, AddedToken, Parts, parts_of

_LOOKS_LIKE_CONTROL = re.compile(r"▁?<.*>|\[.*\]", re.DOTALL)
_BYTE_FALLBACK = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_COUNT_CACHE_LINES = 65536
_CACHED_CHARACTERS = 200  # longer lines are few, and would fill the memory
_LONG_CHARACTERS = 50_000  # from here on the library's way that lets other threads run: 12 MB take 12 s
_MAX_BYTES = 64_000_000
_FILE = "tokenizer.json"


class Tokenizer:
    """A model's tokenizer, read from its `tokenizer.json` or its GGUF file. It may be shared between threads."""

    def __init__(self, path: Path, *, embeddings: int | None = None) -> None:
        """`path`: a model's folder, or its file of weights. `embeddings`: how many ids the model knows. Control tokens
        beyond are as if they were not there.

        Raises `BrokenCheckpoint` where there is no tokenizer, an unreadable one, or one of another model;
        `UnsupportedTokenizer` where it has parts that Seekline does not run.
        """
        self.path = path
        data, begin, file = _read(path)
        parts = parts_of(data, file)
        added = {token.content: token for token in parts.added_tokens}
        texts = [token for token in added.values() if not _is_control(token)]
        controls = [token for token in added.values() if _is_control(token)]
        if embeddings is not None:
            _check_embeddings(parts, controls, embeddings, file)
            controls = [token for token in controls if token.id < embeddings]
        self._control = {token.content: token.id for token in controls}
        ids = [*parts.model.vocab.values(), *(token.id for token in added.values())]
        self._size = min(1 + max(ids, default=0), embeddings or MAX_ID)
        self._text = _load(parts, texts, file)
        self._bytes = _byte_table(parts, self._size, added)
        self._begin = begin if begin in self._control else None
        self._cached_count = lru_cache(_COUNT_CACHE_LINES)(self._counted)
        self.count = self._count  # one object, by which others know whose counts they keep

    @property
    def size(self) -> int:
        """Ids from here on are padding of the model's embedding: they mean nothing."""
        return self._size

    @property
    def begin_token(self) -> str | None:
        """The spelling of the token that the model expects first, if any."""
        return self._begin

    @property
    def control_ids(self) -> frozenset[int]:
        """The ids of all control tokens. A model that writes one has ended its text."""
        return frozenset(self._control.values())

    @property
    def control_tokens(self) -> frozenset[str]:
        """How all control tokens are spelled."""
        return frozenset(self._control)

    def has_control_token(self, token: str) -> bool:
        return token in self._control

    def control_id(self, token: str) -> int:
        """The id of a control token. Raises KeyError where the model has none of this spelling."""
        return self._control[token]

    def encode_text(self, text: str) -> list[int]:
        """The ids of ordinary text, whatever it spells; nothing is put before or after them."""
        if not text.isascii():
            # JSON can carry half of a surrogate pair, which is no text to the tokenizers library.
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if len(text) < _LONG_CHARACTERS:
            return self._text.encode(text, add_special_tokens=False).ids
        return self._text.encode_batch_fast([text], add_special_tokens=False)[0].ids

    def _count(self, text: str) -> int:
        """How many tokens a text within one line has, its line end included. Cached for lines of usual length."""
        return self._cached_count(text) if len(text) <= _CACHED_CHARACTERS else self._counted(text)

    def _counted(self, text: str) -> int:
        return len(self.encode_text(text))

    def decode(self, ids: Iterable[int]) -> str:
        decoder = Decoder(self)
        return "".join(map(decoder.feed, ids)) + decoder.finish()

    def has_vocabulary_of(self, other: Tokenizer) -> bool:
        """Whether each id means the same to both."""
        return self._bytes == other._bytes and self._control == other._control

    def bytes_of(self, id: int) -> bytes:
        """What one token adds to the text. Control tokens and padding add nothing."""
        return self._bytes[id] if id < len(self._bytes) else b""

    def control_token(self, id: int) -> str | None:
        """How a control token is spelled; None for others."""
        return next((spelling for spelling, control in self._control.items() if control == id), None)


class Decoder:
    """Turns ids into text one by one; holds back a character until its last byte is there."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._utf8 = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, id: int) -> str:
        return self._utf8.decode(self._tokenizer.bytes_of(id))

    def finish(self) -> str:
        """What is left; a character cut short becomes U+FFFD."""
        return self._utf8.decode(b"", final=True)


def _load(parts: Parts, texts: list[AddedToken], path: Path) -> _Tokenizer:
    """The library's tokenizer, which knows these added tokens. Raises `BrokenCheckpoint`."""
    try:
        loaded = _Tokenizer.from_str(parts.for_library(texts))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the library raises no narrower one, and its panics are no Exception
        raise BrokenCheckpoint(
            f"{path} is not a tokenizer that can be read: {error}.", "Download the model again."
        ) from error
    for token in texts:
        if loaded.token_to_id(token.content) != token.id:
            raise BrokenCheckpoint(
                f"{path} gives {token.content[:80]!r} the id {token.id}, which its vocabulary does not.",
                "Download the model again.",
            )
    return loaded


def _check_embeddings(parts: Parts, controls: list[AddedToken], embeddings: int, path: Path) -> None:
    """Raises `BrokenCheckpoint` where a text may have ids for which the model has no embedding."""
    used = {**parts.model.vocab, **{token.content: token.id for token in parts.added_tokens}}
    for token in controls:
        used.pop(token.content)
    greatest = max(used.values(), default=0)
    if greatest >= embeddings:
        raise BrokenCheckpoint(
            f"{path} has ids up to {greatest} where the model has {embeddings:,} embeddings.",
            "The tokenizer is another model's: download the model again.",
        )


def _is_control(token: AddedToken) -> bool:
    """Whether an added token controls the model, or just stands for its own text.

    DeepSeek Coder adds `õ`, `ü` and eleven more letters as tokens of their own (ids 32000 to 32012), and was trained
    with them; some models add runs of spaces. Its FIM tokens on the other hand are not marked as special.
    """
    return token.special or bool(_LOOKS_LIKE_CONTROL.fullmatch(token.content))


def _read(path: Path) -> tuple[dict[str, Any], str | None, Path]:
    """What a tokenizer.json says, or would say; the token that is put before a text, if any; the file of both."""
    is_file = is_weights_file(path)
    folder = path.parent if is_file else path
    gguf = gguf_file(path)
    # A GGUF file brings its own, but in a folder the original says more than a name for how texts are split.
    data = read_table(folder, _FILE, limit_bytes=_MAX_BYTES) if gguf is None or not is_file else None
    if data is not None:
        return data, _begin_token(folder), folder / _FILE
    if gguf is None:
        raise BrokenCheckpoint(
            f"{folder} has no tokenizer.json.",
            "Download the model again, or save its fast tokenizer beside the weights.",
        )
    found = read_gguf_tokenizer(gguf)
    return found.table, found.begin_token, gguf


def _begin_token(folder: Path) -> str | None:
    """The `bos_token` of tokenizer_config.json, unless the file says that none is put before a text."""
    config = read_table(folder, "tokenizer_config.json") or {}
    token = config.get("bos_token")
    token = token.get("content") if isinstance(token, dict) else token
    is_put = isinstance(token, str) and config.get("add_bos_token", True)
    return token if is_put else None


def _byte_table(parts: Parts, size: int, added: dict[str, AddedToken]) -> list[bytes]:
    """The bytes of every id: by GPT-2's printable stand-ins, or by SentencePiece's conventions."""
    byte_level = "ByteLevel" in str(parts.decoder)
    units = _bytes_of_units()
    table = [b""] * size
    for token, id in parts.model.vocab.items():
        if id >= size:
            continue
        fallback = _BYTE_FALLBACK.fullmatch(token)
        if byte_level and all(character in units for character in token):
            table[id] = bytes(units[character] for character in token)
        elif fallback is not None:
            table[id] = bytes.fromhex(fallback[1])
        else:
            table[id] = token.replace("▁", " ").encode("utf-8", "replace")
    for token, entry in added.items():
        if entry.id < size:
            table[entry.id] = b"" if _is_control(entry) else token.encode("utf-8", "replace")
    return table


def _bytes_of_units() -> dict[str, int]:
    """The byte that each character of a byte-level vocabulary stands for (GPT-2's `bytes_to_unicode`, reversed)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + n): byte for n, byte in enumerate(others)}
