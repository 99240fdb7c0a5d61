"""How good an exported model is: it completes the rest of the line at held-out cursors, greedily, in five ways.

    psm          prefix and suffix, in DeepSeek Coder's order
    psm_empty    the same with nothing behind the cursor
    ltr          the prefix alone, left to right
    copy         no model: what followed the longest earlier match in the file
    copy_window  no model: the same within the prefix that the model sees

Runs on the CPU in float32, so that the figures follow from the folder alone.
"""

from __future__ import annotations

import math
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, DynamicCache, PreTrainedModel

from ..model.tokenizer import Tokenizer
from .corpus import read_files
from .corpus_file import CorpusFile
from .middles import InfillingTask, draw_tasks
from .recipe import EVALUATION_PREFIX_TOKENS, EVALUATION_SUFFIX_TOKENS
from .similarity import edit_similarity
from .vocabulary import BEGIN, END, FIM_BEGIN, FIM_END, FIM_HOLE

_NEW_TOKENS = 48
_CHARACTERS_PER_TOKEN = 8
_LONGEST_MATCH_CHARACTERS = 40
_SHORTEST_MATCH_CHARACTERS = 3
_MOST_WINDOWS = 120
_WINDOW_TOKENS = 511
_WINDOW_CHARACTERS = 4000
_WINDOW_SEED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The rest of the line that one way gave, and its first token; None where it has none."""

    text: str
    first_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    is_exact: bool
    edit_similarity: float
    is_first_token_right: bool


def evaluate(folder: Path, heldout: Path, positions: int, report: Callable[[str], None]) -> dict[str, Any]:
    """The figures of an exported folder, as eval.json has them: by way, then by kind, for psm by package too."""
    started = time.monotonic()
    files = read_files(heldout)
    tokenizer = Tokenizer(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    scores: dict[str, dict[str, list[Score]]] = defaultdict(lambda: defaultdict(list))
    for number, task in enumerate(draw_tasks(files, positions), 1):
        for way, answer in _answers(model, tokenizer, task):
            score = _score(answer, task.answer, tokenizer)
            groups = ["all", task.middle.kind]
            if way == "psm":
                groups.append(f"package {task.file.package}")
            for group in groups:
                scores[way][group].append(score)
        if number % 100 == 0:
            report(f"{number} of {positions} positions")
    return {
        "positions": positions,
        "prefix_tokens": EVALUATION_PREFIX_TOKENS,
        "suffix_tokens": EVALUATION_SUFFIX_TOKENS,
        **{way: {group: _means(found) for group, found in groups.items()} for way, groups in scores.items()},
        "bits_per_byte_ltr": round(bits_per_byte(model, tokenizer, files, min(positions, _MOST_WINDOWS)), 4),
        "parameters": model.num_parameters(),
        "seconds": round(time.monotonic() - started),
    }


def copied(text: str, offset: int) -> str:
    """The rest of the line behind the longest earlier occurrence of what stands before `offset`."""
    for length in range(min(_LONGEST_MATCH_CHARACTERS, offset), _SHORTEST_MATCH_CHARACTERS - 1, -1):
        found = text.rfind(text[offset - length : offset], 0, offset - 1)
        if found >= 0:
            return _first_line(text[found + length : offset])
    return ""


@torch.no_grad()
def bits_per_byte(model: PreTrainedModel, tokenizer: Tokenizer, files: list[CorpusFile], windows: int) -> float:
    """Cross-entropy of left-to-right text, over windows of up to 511 tokens, each from a line's start on."""
    draw = random.Random(_WINDOW_SEED)  # noqa: S311
    nats, size_bytes = 0.0, 0
    begin = tokenizer.control_id(BEGIN)
    for _ in range(windows):
        text = draw.choice(files).text
        start = text.rfind("\n", 0, draw.randrange(len(text))) + 1
        ids = tokenizer.encode_text(text[start : start + _WINDOW_CHARACTERS])[:_WINDOW_TOKENS]
        logits = model(input_ids=torch.tensor([[begin, *ids]])).logits[0, :-1]
        nats += torch.nn.functional.cross_entropy(logits, torch.tensor(ids), reduction="sum").item()
        size_bytes += sum(len(tokenizer.bytes_of(id)) for id in ids)
    return nats / math.log(2) / size_bytes


def _answers(model: PreTrainedModel, tokenizer: Tokenizer, task: InfillingTask) -> Iterator[tuple[str, Answer]]:
    text, middle = task.file.text, task.middle
    window = text[max(0, middle.start - EVALUATION_PREFIX_TOKENS * _CHARACTERS_PER_TOKEN) : middle.start]
    prefix = tokenizer.encode_text(window)[-EVALUATION_PREFIX_TOKENS:]
    behind = text[middle.end : middle.end + EVALUATION_SUFFIX_TOKENS * _CHARACTERS_PER_TOKEN]
    suffix = tokenizer.encode_text(behind)[:EVALUATION_SUFFIX_TOKENS]
    begin, fim_begin, hole, fim_end = map(tokenizer.control_id, (BEGIN, FIM_BEGIN, FIM_HOLE, FIM_END))
    yield "psm", _greedy(model, tokenizer, [begin, fim_begin, *prefix, hole, *suffix, fim_end])
    yield "psm_empty", _greedy(model, tokenizer, [begin, fim_begin, *prefix, hole, fim_end])
    yield "ltr", _greedy(model, tokenizer, [begin, *prefix])
    shown = tokenizer.decode(prefix)
    for way, answer in (("copy", copied(text, middle.start)), ("copy_window", copied(shown, len(shown)))):
        yield way, Answer(text=answer, first_id=next(iter(tokenizer.encode_text(answer)), None))


@torch.no_grad()
def _greedy(model: PreTrainedModel, tokenizer: Tokenizer, prompt: list[int]) -> Answer:
    """The most likely tokens up to the end token, the first newline or the limit."""
    cache = DynamicCache(config=model.config)
    end = tokenizer.control_id(END)
    ids: list[int] = []
    upcoming = prompt
    for _ in range(_NEW_TOKENS):
        step = model(input_ids=torch.tensor([upcoming]), past_key_values=cache, use_cache=True, logits_to_keep=1)
        ids.append(int(step.logits[0, -1].argmax()))
        if ids[-1] == end or b"\n" in tokenizer.bytes_of(ids[-1]):
            break
        upcoming = ids[-1:]
    return Answer(text=_first_line(tokenizer.decode(ids)), first_id=ids[0])


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0].rstrip()


def _score(answer: Answer, truth: str, tokenizer: Tokenizer) -> Score:
    return Score(
        is_exact=answer.text == truth,
        edit_similarity=edit_similarity(answer.text, truth),
        is_first_token_right=answer.first_id == tokenizer.encode_text(truth)[0],
    )


def _means(scores: list[Score]) -> dict[str, float]:
    number = len(scores)
    return {
        "n": number,
        "exact_match": round(sum(score.is_exact for score in scores) / number, 4),
        "edit_similarity": round(sum(score.edit_similarity for score in scores) / number, 4),
        "first_token": round(sum(score.is_first_token_right for score in scores) / number, 4),
    }
