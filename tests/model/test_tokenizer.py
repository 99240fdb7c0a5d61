"""Text never becomes a control token, ids become text again, and DeepSeek Coder's own tokenizer comes out exact."""

import json
import threading
from pathlib import Path
from time import sleep

import pytest
from seekline import model

SHARED = Path(__file__).parents[3] / "shared" / "data" / "deepseek-coder-tokenizer"
SENTINELS = [
    "<｜fim▁hole｜>",
    "<｜fim▁begin｜>",
    "<｜fim▁end｜>",
    "<｜begin▁of▁sentence｜>",
    "<｜end▁of▁sentence｜>",
    "<|EOT|>",
]
ODD = ["", "\n", "\r\n", "\t\t x", "é", "日本語", "🙂‍🔥", "\x00\x0c\u2028", "   ", "Führer ½ ü÷õ", "a" * 1000]

needs_deepseek = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared (DeepSeek's tokenizer) is not here")


@pytest.fixture(scope="module")
def embedded() -> model.Tokenizer:
    return model.Tokenizer(model.embedded_folder())


@pytest.fixture(scope="module")
def deepseek() -> model.Tokenizer:
    return model.Tokenizer(SHARED)


def check_sentinels_are_text(tokenizer: model.Tokenizer) -> None:
    for sentinel in SENTINELS:
        text = f"x = '{sentinel}'\n"
        ids = tokenizer.encode_text(text)
        assert not set(ids) & tokenizer.control_ids
        assert tokenizer.decode(ids) == text


def check_round_trip(tokenizer: model.Tokenizer) -> None:
    for text in ODD:
        ids = tokenizer.encode_text(text)
        decoder = model.Decoder(tokenizer)
        assert "".join(map(decoder.feed, ids)) + decoder.finish() == text
        assert tokenizer.decode(ids) == text


def test_embedded_sentinels_in_text_stay_text(embedded: model.Tokenizer) -> None:
    check_sentinels_are_text(embedded)
    check_round_trip(embedded)
    assert [embedded.control_id(s) for s in SENTINELS] == [3, 2, 4, 0, 1, 5]
    assert embedded.begin_token == "<｜begin▁of▁sentence｜>"
    assert embedded.size == 4096


def test_counts_add_up_by_line(embedded: model.Tokenizer) -> None:
    text = Path(__file__).read_text("utf-8")
    assert sum(embedded.count(line) for line in text.splitlines(keepends=True)) == len(embedded.encode_text(text))


def test_half_a_character_is_held_back(embedded: model.Tokenizer) -> None:
    ids = embedded.encode_text("🙂")
    assert len(ids) > 1
    decoder = model.Decoder(embedded)
    assert [decoder.feed(id) for id in ids[:-1]] == [""] * (len(ids) - 1)
    assert decoder.finish() == "\ufffd"


def test_control_tokens_and_padding_add_no_text(embedded: model.Tokenizer) -> None:
    assert embedded.decode([0, 3, 999_999]) == ""


def test_a_control_token_is_known_by_its_id(embedded: model.Tokenizer) -> None:
    for spelling in embedded.control_tokens:
        assert embedded.control_token(embedded.control_id(spelling)) == spelling
    assert embedded.control_token(embedded.encode_text("x")[0]) is None


def test_half_of_a_surrogate_pair_is_no_error(embedded: model.Tokenizer) -> None:
    assert embedded.decode(embedded.encode_text("a\ud800b")) == "a\ufffdb"


@needs_deepseek
def test_deepseeks_vectors(deepseek: model.Tokenizer) -> None:
    separator = "\n__ggml_vocab_test__\n"
    texts = (SHARED / "ggml-vocab-deepseek-coder.gguf.inp").read_text("utf-8").split(separator)
    wanted = (SHARED / "ggml-vocab-deepseek-coder.gguf.out").read_text("utf-8").split("\n")
    assert len(texts) == 47
    for text, line in zip(texts, wanted, strict=False):
        assert deepseek.encode_text(text) == [int(id) for id in line.split()], repr(text)


@needs_deepseek
def test_deepseeks_sentinels_in_text_stay_text(deepseek: model.Tokenizer) -> None:
    check_sentinels_are_text(deepseek)
    check_round_trip(deepseek)
    assert [deepseek.control_id(s) for s in SENTINELS] == [32015, 32016, 32017, 32013, 32014, 32021]
    assert deepseek.decode([32009, 32000]) == "üõ"


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(model.BrokenCheckpoint, match=r"has no tokenizer\.json"):
        model.Tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{", "utf-8")
    with pytest.raises(model.BrokenCheckpoint, match="is not JSON"):
        model.Tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"added_tokens": []}', "utf-8")
    with pytest.raises(model.BrokenCheckpoint, match="is not a tokenizer"):
        model.Tokenizer(tmp_path)


def test_a_begin_token_that_is_not_put_before_texts_is_none(tmp_path: Path) -> None:
    tokenizer = json.loads((model.embedded_folder() / "tokenizer.json").read_text("utf-8"))
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer), "utf-8")
    assert model.Tokenizer(tmp_path).begin_token is None
    config = {"bos_token": {"content": "<｜begin▁of▁sentence｜>"}, "add_bos_token": False}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    assert model.Tokenizer(tmp_path).begin_token is None


def test_a_long_text_has_the_ids_of_its_lines(embedded: model.Tokenizer) -> None:
    lines = [f"def area_{number}(width):  # é {SENTINELS[0]}\n" for number in range(3000)]
    assert embedded.encode_text("".join(lines)) == [id for line in lines for id in embedded.encode_text(line)]


def test_other_threads_run_while_a_long_text_becomes_ids(embedded: model.Tokenizer) -> None:
    text = "def area_of(width):\n    return width\n" * 60_000
    begun = threading.Event()

    def encode() -> None:
        begun.set()
        embedded.encode_text(text)

    encoding, steps = threading.Thread(target=encode), 0
    encoding.start()
    assert begun.wait(60)
    while encoding.is_alive():
        sleep(0.001)
        steps += 1
    assert steps > 20, "they stood still"
