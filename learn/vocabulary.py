"""The vocabulary: a byte-level BPE with DeepSeek Coder's control tokens as its first ids.

Writes tokenizer.json and tokenizer_config.json. Unlike in DeepSeek's tokenizer, all six control tokens are marked as
special: skipping special tokens then drops them when ids are decoded.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from .files import written_whole

BEGIN = "<｜begin▁of▁sentence｜>"
END = "<｜end▁of▁sentence｜>"
FIM_BEGIN = "<｜fim▁begin｜>"
FIM_HOLE = "<｜fim▁hole｜>"
FIM_END = "<｜fim▁end｜>"
END_OF_TURN = "<|EOT|>"
# Their ids are their places here. The last is reserved; no sample contains it.
CONTROL_TOKENS = (BEGIN, END, FIM_BEGIN, FIM_HOLE, FIM_END, END_OF_TURN)
SMALLEST_VOCABULARY = len(CONTROL_TOKENS) + 256

_LONGEST_TOKEN_CHARACTERS = 24
_READ_CHARACTERS = 40_000_000

# A newline is always a token of its own, so token counts add up by line. A run of spaces stands alone, except that
# its last space goes with the word behind it; digits stand alone; of punctuation, up to four characters go together.
_PIECES = (
    r"\n"
    r"| {2,}(?= [^ \n])| {2,}(?=$|\n)| {2,}"
    r"| ?[A-Za-z_]+"
    r"| ?[0-9]"
    r"| ?[^\sA-Za-z0-9_]{1,4}"
    r"|\s"
)


def build_vocabulary(folder: Path, texts: Iterable[str], size: int, context_tokens: int) -> None:
    """Learns `size` tokens from the first 40 million characters of `texts`; writes tokenizer.json last."""
    tokenizer = _untrained()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(CONTROL_TOKENS),
        min_frequency=2,
        max_token_length=_LONGEST_TOKEN_CHARACTERS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_first(texts, _READ_CHARACTERS), trainer)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BEGIN,
        "eos_token": END,
        "pad_token": END,
        "model_max_length": context_tokens,
        "clean_up_tokenization_spaces": False,
        "add_prefix_space": False,
    }
    with written_whole(folder / "tokenizer_config.json") as draft:
        draft.write_text(json.dumps(config, indent=1, ensure_ascii=False) + "\n", "utf-8")
    with written_whole(folder / "tokenizer.json") as draft:
        tokenizer.save(str(draft))


def copy_vocabulary(source: Path, folder: Path) -> None:
    """Takes that of another folder; writes tokenizer.json last."""
    for name in ("tokenizer_config.json", "tokenizer.json"):
        with written_whole(folder / name) as draft:
            shutil.copyfile(source / name, draft)


def _untrained() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def _first(texts: Iterable[str], characters: int) -> Iterator[str]:
    for text in texts:
        if characters <= 0:
            return
        characters -= len(text)
        yield text
