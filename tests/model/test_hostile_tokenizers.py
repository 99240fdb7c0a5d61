"""Tokenizers made to multiply text, to backtrack, or to end the process are refused; known families are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from seekline import model

EMBEDDED = json.loads((model.embedded_folder() / "tokenizer.json").read_text("utf-8"))
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
REPLACE = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}


def tokenizer(folder: Path, **changes: object) -> model.Tokenizer:
    (folder / "tokenizer.json").write_text(json.dumps({**EMBEDDED, **changes}), "utf-8")
    return model.Tokenizer(folder)


def split(expression: str, **changes: object) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated", "invert": False, **changes}


@pytest.mark.parametrize(
    "normalizer",
    [
        REPLACE,
        {"type": "Sequence", "normalizers": [REPLACE] * 60},
        {"type": "Sequence", "normalizers": [{"type": "Sequence", "normalizers": []}]},
        {**REPLACE, "pattern": {"Regex": "(a+)+b"}},
        {"type": "Precompiled", "precompiled_charsmap": "A" * 1000},
        {"type": "Lowercase"},
        {"type": "Nothing"},
    ],
)
def test_normalizers_that_multiply_text(tmp_path: Path, normalizer: object) -> None:
    with pytest.raises(model.UnsupportedTokenizer, match="normalizer") as caught:
        tokenizer(tmp_path, normalizer=normalizer)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "expression",
    [
        "(a+)+b",
        "(a|a)*b",
        "(?:x*)*y",
        "a+b",
        "a*a*a*a*b",
        "a?a?a?a?aaaa",
        "a{1,1000}b",
        "a{1000}",
        r"(a)\1",
        "(?<=a+)b",
        "[[a]&&[b]]+",
        "a*",
        "a?",
        "|a",
        "a|",
        "a||b",
        "(?R)",
        "a++",
        "[",
        "x" * 5000,
    ],
)
def test_expressions_that_may_backtrack(tmp_path: Path, expression: str) -> None:
    with pytest.raises((model.UnsupportedTokenizer, model.BrokenCheckpoint), match="pre_tokenizer"):
        tokenizer(tmp_path, pre_tokenizer=split(expression))


@pytest.mark.parametrize(
    "part",
    [
        {"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"}] * 2},
        {"type": "Sequence", "pretokenizers": [{"type": "Sequence", "pretokenizers": []}]},
        {"type": "Metaspace", "replacement": "long"},
        {"type": "UnicodeScripts"},
        split("a", behavior="Multiplied"),
        {"type": "Split", "pattern": {"String": ""}, "behavior": "Isolated"},
        {},
        3,
    ],
)
def test_pre_tokenizers_that_are_not_known(tmp_path: Path, part: object) -> None:
    with pytest.raises((model.UnsupportedTokenizer, model.BrokenCheckpoint), match="pre_tokenizer"):
        tokenizer(tmp_path, pre_tokenizer=part)


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Unigram"},
        {"dropout": 0.5},
        {"continuing_subword_prefix": "#" * 1000},
        {"end_of_word_suffix": "</w>" * 1000},
        {"vocab": {"a": -1}},
        {"vocab": {"a": 1 << 31}},
        {"vocab": {"a": 10**60}},
        {"vocab": {"a": "1"}},
        {"vocab": [["a", 1.0]]},
        {"vocab": {}},
        {"merges": [["a"]]},
        {"merges": ["no such tokens"]},
        {"merges": 3},
    ],
    ids=repr,
)
def test_models_that_are_not_known(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises((model.UnsupportedTokenizer, model.BrokenCheckpoint), match=r"tokenizer\.json"):
        tokenizer(tmp_path, model={**EMBEDDED["model"], **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"content": ""},
        {"content": "x" * 2000},
        {"id": -1},
        {"id": 1 << 31},
        {"id": 10**60},
        {"id": "3"},
        {"special": "yes"},
        {"content": "plain", "special": False, "id": 9999},
    ],
    ids=repr,
)
def test_added_tokens_that_no_vocabulary_has(tmp_path: Path, changes: dict[str, object]) -> None:
    token = {**EMBEDDED["added_tokens"][0], **changes}
    with pytest.raises(model.BrokenCheckpoint, match=r"tokenizer\.json"):
        tokenizer(tmp_path, added_tokens=[token])


def test_what_is_not_used_is_not_run(tmp_path: Path) -> None:
    """Truncation would cut prompts, padding lengthen them; a template may put anything before a text."""
    hostile = {
        "truncation": {"direction": "Right", "max_length": 1, "strategy": "LongestFirst", "stride": 0},
        "padding": {
            "strategy": {"Fixed": 1 << 40},
            "direction": "Right",
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "",
        },
        "post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}] * 1000},
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteLevel"}, REPLACE]},
    }
    text = "def add(first):\n    return first\n"
    assert tokenizer(tmp_path, **hostile).encode_text(text) == model.Tokenizer(model.embedded_folder()).encode_text(
        text
    )


@pytest.mark.parametrize(
    "pre_tokenizer",
    [
        BYTE_LEVEL,
        {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True, "prepend_scheme": "first"},
        {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, BYTE_LEVEL]},
        # DeepSeek Coder
        *map(split, [r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+", r"\p{N}"]),
        # DeepSeek V2, V3
        *map(split, [r"\s?[A-Za-zµÀ-ÖØ-öø-ƺ]+", r"\s?[!-/:-~\u3000-\u3002]+", r"\s+$", r"\p{N}{1,3}"]),
        split(
            r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"
            r" ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        # GPT-2; Qwen; Llama 3
        split(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"),
        split(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
            r"\s+(?!\S)|\s+"
        ),
        split(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
            r"\s+(?!\S)|\s+"
        ),
    ],
)
def test_known_families_are_read(tmp_path: Path, pre_tokenizer: dict[str, Any]) -> None:
    found = tokenizer(tmp_path, pre_tokenizer=pre_tokenizer)
    found.encode_text("def it's(a1):\n\n    return 'Ä' + 123\n" + " " * 20_000 + "x" * 20_000)


def test_the_normalizer_of_llama_is_read(tmp_path: Path) -> None:
    space = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    parts = [{"type": "Prepend", "prepend": "▁"}, space]
    tokenizer(tmp_path, normalizer={"type": "Sequence", "normalizers": parts}, pre_tokenizer=None)
    tokenizer(tmp_path, normalizer={"type": "NFC"})


def test_a_panic_of_the_library_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A panic in Rust comes as an exception that is no `Exception`."""

    class PanicException(BaseException):
        pass

    class Panicking:
        @staticmethod
        def from_str(_: str) -> None:
            raise PanicException("index out of bounds")

    monkeypatch.setattr("seekline.model.tokenizer._Tokenizer", Panicking)
    with pytest.raises(model.BrokenCheckpoint, match="index out of bounds"):
        tokenizer(tmp_path)
