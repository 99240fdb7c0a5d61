"""Tokenizers in GGUF files: the ids of the folder that one was made from, and of llama.cpp with the same file."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli
from gguf_models import save_llama_gguf, vocabulary_entries, write_gguf
from llama_cpp_tokens import llama_cpp_ids
from seekline import model
from tiny_models import VOCABULARY, save_llama
from tokenizers import Tokenizer as LibraryTokenizer
from tokenizers import models, trainers

HERE = Path(__file__)
SHARED = HERE.parents[3] / "shared" / "data" / "deepseek-coder-tokenizer"
SPLITS = tomli.loads((HERE.parents[2] / "model" / "gguf_splits.toml").read_text("utf-8"))["split"]
NAMES = [name for split in SPLITS for name in split["names"]]
TEXTS = [
    HERE.read_text("utf-8"),
    "def f(x):\n    return {'a': 1234567, \"b\": [x**2]}\n\n\n    # It's I'LL we'Re\t\t x\r\n  y\r\n \r\n",
    "Straße ÄÖÜ naïve HTTPServerError parseJSONFile über-x — “q” 日本語テスト 한국어 ελληνικά русский 12 345 ½ ٣",
    "a  b   c\n\n\n d  \n",
    "<?php echo '//'; ?>/**/\n//\n(normal) $x += <=>^~|`",
    " ",
    "",
]
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)

needs_deepseek = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared (DeepSeek's tokenizer) is not here")


def save(path: Path, entries: Mapping[str, Any]) -> Path:
    """A GGUF file with a vocabulary and one small tensor."""
    kept = {key: value for key, value in entries.items() if value is not None}
    return write_gguf(path, "llama", kept, {"a.weight": (np.zeros((1, 32), dtype=np.float32), "F32")})


@pytest.fixture
def embedded(tmp_path: Path) -> dict[str, Any]:
    """The entries of the embedded model's vocabulary."""
    return vocabulary_entries(model.embedded_folder(), VOCABULARY, pre="gpt-2")


@needs_deepseek
@pytest.mark.parametrize("pre", ["deepseek-coder", "default", None])
def test_deepseeks_tokenizer(tmp_path: Path, pre: str | None) -> None:
    """Byte for byte that of the folder, also in files that are older than the entry that says how texts are split."""
    path = save(tmp_path / "model.gguf", {**vocabulary_entries(SHARED, 32256, pre=""), "tokenizer.ggml.pre": pre})
    read, folder = model.Tokenizer(path), model.Tokenizer(SHARED)
    assert read.has_vocabulary_of(folder)
    assert read.control_ids == folder.control_ids
    assert read.size == folder.size
    assert read.begin_token == "<｜begin▁of▁sentence｜>"
    assert [read.control_id(token) for token in ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>")] == [
        32016,
        32015,
        32017,
    ]
    for text in TEXTS:
        assert read.encode_text(text) == folder.encode_text(text)
    separator = "\n__ggml_vocab_test__\n"
    texts = (SHARED / "ggml-vocab-deepseek-coder.gguf.inp").read_text("utf-8").split(separator)
    wanted = (SHARED / "ggml-vocab-deepseek-coder.gguf.out").read_text("utf-8").split("\n")
    for text, ids in zip(texts, wanted, strict=False):
        assert read.encode_text(text) == [int(id) for id in ids.split()]


@needs_deepseek
def test_an_older_converter_marks_all_that_was_added_as_controlling(tmp_path: Path) -> None:
    entries = vocabulary_entries(SHARED, 32256, pre="")
    kinds = [CONTROL if kind == USER_DEFINED else kind for kind in entries["tokenizer.ggml.token_type"]]
    path = save(tmp_path / "model.gguf", {**entries, "tokenizer.ggml.pre": None, "tokenizer.ggml.token_type": kinds})
    read = model.Tokenizer(path)
    assert read.encode_text("õü") == [32000, 32009]
    assert read.decode([32000, 32009, 32015]) == "õü"
    assert read.has_control_token("<｜fim▁hole｜>")


@pytest.mark.timeout(600)
def test_texts_are_split_as_llama_cpp_splits_them(tmp_path: Path) -> None:
    folder = save_llama(tmp_path / "model", num_hidden_layers=1)
    files = [save_llama_gguf(folder, tmp_path / f"{split['names'][0]}.gguf", pre=split["names"][0]) for split in SPLITS]
    for file, wanted in zip(files, llama_cpp_ids(files, TEXTS), strict=True):
        read = model.Tokenizer(file)
        assert [read.encode_text(text) for text in TEXTS] == wanted, file.stem


@pytest.mark.parametrize("pre", NAMES)
def test_every_name_for_a_split(tmp_path: Path, embedded: dict[str, Any], pre: str) -> None:
    read = model.Tokenizer(save(tmp_path / "model.gguf", {**embedded, "tokenizer.ggml.pre": pre}))
    for text in TEXTS:
        assert read.decode(read.encode_text(text)) == text


def test_no_name_stands_twice() -> None:
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("kind", ["pre", "model"])
def test_kinds_that_are_not_known_are_named(tmp_path: Path, embedded: dict[str, Any], kind: str) -> None:
    path = save(tmp_path / "model.gguf", {**embedded, f"tokenizer.ggml.{kind}": "kimi-k2"})
    with pytest.raises(model.UnsupportedTokenizer, match=r"model\.gguf has .* 'kimi-k2'") as caught:
        model.Tokenizer(path)
    assert caught.value.remedy


def test_which_tokens_control(tmp_path: Path, embedded: dict[str, Any]) -> None:
    tokens, kinds = list(embedded["tokenizer.ggml.tokens"]), list(embedded["tokenizer.ggml.token_type"])
    added = ["<|marked|>", "<|looks_like_it|>", "named", "ab cd", "[PAD0]", "<|named_too|>"]
    tokens += added
    kinds += [CONTROL, USER_DEFINED, NORMAL, USER_DEFINED, UNUSED, NORMAL]
    named = {"tokenizer.ggml.eot_token_id": VOCABULARY + 2, "tokenizer.ggml.fim_pre_token_id": VOCABULARY + 5}
    path = save(
        tmp_path / "model.gguf",
        {**embedded, "tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": kinds, **named},
    )
    read = model.Tokenizer(path)
    assert [read.has_control_token(token) for token in added] == [True, True, True, False, False, True]
    assert read.encode_text("ab cd") == [VOCABULARY + 3]
    assert read.decode([VOCABULARY + 3, VOCABULARY, VOCABULARY + 4]) == "ab cd"
    for token in added:
        assert read.decode(read.encode_text(token)) == token


@pytest.mark.parametrize(
    ("pre", "says", "begins"),
    [("gpt-2", None, False), ("gpt-2", True, True), ("llama-bpe", None, True), ("llama-bpe", False, False)],
)
def test_the_token_before_a_text(
    tmp_path: Path, embedded: dict[str, Any], pre: str, says: bool | None, begins: bool
) -> None:
    entries = {**embedded, "tokenizer.ggml.pre": pre, "tokenizer.ggml.add_bos_token": says}
    read = model.Tokenizer(save(tmp_path / "model.gguf", entries))
    assert read.begin_token == ("<｜begin▁of▁sentence｜>" if begins else None)


def test_a_tokenizer_json_in_the_folder_goes_before_the_file(tmp_path: Path, embedded: dict[str, Any]) -> None:
    path = save(tmp_path / "model.gguf", {**embedded, "tokenizer.ggml.pre": "deepseek-coder"})
    (tmp_path / "tokenizer.json").write_bytes((model.embedded_folder() / "tokenizer.json").read_bytes())
    of_folder, of_file = model.Tokenizer(tmp_path), model.Tokenizer(path)
    original = model.Tokenizer(model.embedded_folder())
    assert of_folder.encode_text(TEXTS[0]) == original.encode_text(TEXTS[0]) != of_file.encode_text(TEXTS[0])


def sentence_piece_entries(**others: Any) -> dict[str, Any]:
    """A vocabulary as SentencePiece trains one: bytes, then pieces by the order in which they were merged."""
    trained = LibraryTokenizer(models.BPE())
    trained.train_from_iterator(
        [text.replace(" ", "▁") for text in TEXTS], trainers.BpeTrainer(vocab_size=600, show_progress=False)
    )
    pieces = sorted(trained.get_vocab(), key=lambda piece: (len(piece) == 1, trained.get_vocab()[piece]))
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *pieces, "▁<PRE>", "odd=added"]
    kinds = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * 256, *[NORMAL] * len(pieces), NORMAL, USER_DEFINED]
    return {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.scores": [float(-max(0, id - 259)) for id in range(len(tokens))],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
        **{f"tokenizer.ggml.{key}": value for key, value in others.items()},
    }


def merged(text: str, entries: Mapping[str, Any]) -> list[int]:
    """The ids of a text as SentencePiece finds them: the two neighbours that make the best piece first."""
    tokens = entries["tokenizer.ggml.tokens"]
    pieces = {token: id for id, token in enumerate(tokens) if entries["tokenizer.ggml.token_type"][id] == NORMAL}
    scores = entries["tokenizer.ggml.scores"]
    symbols = list(text.replace(" ", "▁"))
    while True:
        pairs = [symbols[at] + symbols[at + 1] for at in range(len(symbols) - 1)]
        ranked = [(-scores[pieces[pair]], at) for at, pair in enumerate(pairs) if pair in pieces]
        if not ranked:
            break
        _, at = min(ranked)
        symbols[at : at + 2] = [pairs[at]]
    ids: list[int] = []
    for symbol in symbols:
        ids += [pieces[symbol]] if symbol in pieces else [3 + byte for byte in symbol.encode()]
    return ids


@pytest.mark.parametrize("space_first", [True, False])
def test_sentence_piece(tmp_path: Path, space_first: bool) -> None:
    entries = sentence_piece_entries(add_space_prefix=space_first)
    read = model.Tokenizer(save(tmp_path / "model.gguf", entries))
    for text in (TEXTS[1], TEXTS[2], TEXTS[3], "🙂 ab", string.ascii_letters):
        wanted = merged(" " * space_first + text, entries)
        assert read.encode_text(text) == wanted
        assert read.decode(wanted) == " " * space_first + text
    assert read.begin_token == "<s>"
    assert read.has_control_token("▁<PRE>")
    assert not set(read.encode_text(" <PRE> <s>")) & read.control_ids


def test_merges_stand_in_transformers_order() -> None:
    from seekline.model.gguf_tokenizer import _merges
    from transformers.convert_slow_tokenizer import generate_merges

    entries = sentence_piece_entries()
    tokens, kinds = entries["tokenizer.ggml.tokens"], entries["tokenizer.ggml.token_type"]
    for scores in (entries["tokenizer.ggml.scores"], [float(id % 7) for id in range(len(tokens))]):
        pieces = {token: id for id, token in enumerate(tokens) if kinds[id] == NORMAL}
        wanted = generate_merges(pieces, {token: scores[id] for token, id in pieces.items()})
        assert _merges(tokens, kinds, scores, Path("model.gguf")) == wanted


def test_sentence_piece_as_llama_cpp_has_it(tmp_path: Path) -> None:
    entries = sentence_piece_entries()
    size = len(entries["tokenizer.ggml.tokens"])
    folder = save_llama(tmp_path / "model", num_hidden_layers=1, vocab_size=size)
    file = save_llama_gguf(folder, tmp_path / "model.gguf", metadata=entries)
    read = model.Tokenizer(file)
    texts = [text for text in TEXTS if text]
    assert [[read.encode_text(text) for text in texts]] == llama_cpp_ids([file], texts)


NOT_EVEN = {"tokenizer.ggml.token_type": [NORMAL]}
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no vocabulary": ({"tokenizer.ggml.tokens": None}, "something wrong at 'tokenizer.ggml.tokens'"),
    "no kind": ({"tokenizer.ggml.model": None}, "something wrong at 'tokenizer.ggml.model'"),
    "tokens that are numbers": ({"tokenizer.ggml.tokens": [1, 2]}, "something wrong at 'tokenizer.ggml.tokens"),
    "merges that are one text": ({"tokenizer.ggml.merges": "a b"}, "something wrong at 'tokenizer.ggml.merges"),
    "a token twice": ({"tokenizer.ggml.tokens": ["a", "b", "a"]}, "the token 'a' twice, as 0 and 2"),
    "an empty token": ({"tokenizer.ggml.tokens": ["a", ""]}, "an empty token, with the id 1"),
    "types of other tokens": (NOT_EVEN, "1 types of 4,096 tokens"),
    "no merges": ({"tokenizer.ggml.merges": None}, "without merges"),
    "a merge of no tokens": ({"tokenizer.ggml.merges": ["a xyzzy"]}, "no token 'xyzzy'"),
    "a merge that makes no token": ({"tokenizer.ggml.merges": ["x Q"]}, "no token 'xQ'"),
    "a merge of one token": ({"tokenizer.ggml.merges": ["a"]}, "the merge 'a', and no token ''"),
    "no scores": ({"tokenizer.ggml.model": "llama"}, "4,096 tokens and no scores"),
    "scores of other tokens": (
        {"tokenizer.ggml.model": "llama", "tokenizer.ggml.scores": [0.5]},
        "4,096 tokens and 1 scores",
    ),
    "a piece without end": (sentence_piece_entries(tokens=["a" * 100_000], token_type=[1], scores=[0.0]), "100,000"),
    "a path as a token": ({"tokenizer.ggml.tokens": ["../../etc/passwd"] * 2}, "'../../etc/passwd' twice"),
    "a bell in a token": ({"tokenizer.ggml.tokens": ["\x07\n"] * 2}, r"'\x07\n' twice"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_vocabularies_that_contradict_themselves(tmp_path: Path, embedded: dict[str, Any], fault: str) -> None:
    changes, said = FAULTS[fault]
    path = save(tmp_path / "model.gguf", {**embedded, **changes})
    with pytest.raises(model.BrokenCheckpoint) as caught:
        model.Tokenizer(path)
    assert said in caught.value.problem
    assert "model.gguf" in caught.value.problem
    assert caught.value.problem.isprintable()


def test_more_tokens_than_embeddings(tmp_path: Path, embedded: dict[str, Any]) -> None:
    path = save(tmp_path / "model.gguf", embedded)
    with pytest.raises(model.BrokenCheckpoint, match="4,000 embeddings"):
        model.Tokenizer(path, embeddings=4000)
