"""A task as the prompt of one model: prefix and suffix whole, in the model's own format, nothing of other files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from .... import fim, model
from ...prompt_ids import ids_of
from .task import SetTask

_EXTENSIONS = {"python": ".py", "java": ".java", "javascript": ".js"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPrompt:
    """`is_cut`: the model has not room for all of the task."""

    prompt: fim.Prompt
    ids: tuple[int, ...]
    is_cut: bool


def place_of(task: SetTask, behind: str) -> tuple[fim.Document, fim.Cursor]:
    """A file with the hole, before `behind`, and the cursor in it."""
    lines = fim.split_lines(task.prefix)
    is_on_line = bool(lines) and not lines[-1].endswith(("\n", "\r"))
    cursor = fim.Cursor(
        line=len(lines) - 1 if is_on_line else len(lines),
        column=len(lines[-1]) if is_on_line else 0,
    )
    path = PurePosixPath(f"task{_EXTENSIONS[task.language]}")
    document = fim.Document(
        path=path.name,
        language=fim.language_of_path(path.name),
        lines=tuple(fim.split_lines(task.prefix + behind)),
    )
    return document, cursor


def build_set_prompt(task: SetTask, info: model.EngineInfo, format: fim.Format, limit_tokens: int) -> SetPrompt:
    """The prompt for a task, of at most `limit_tokens`. Where it has to be cut, prefix and suffix get half each."""
    document, cursor = place_of(task, task.suffix)
    count, limit = info.count_tokens, max(0, limit_tokens - format.control_tokens)
    behind = sum(map(count, fim.split_lines(task.suffix))) if format.fills_in else 0
    while True:
        suffix_tokens = min(behind, max(limit // 2, limit - sum(map(count, fim.split_lines(task.prefix)))))
        budget = fim.Budget(prefix_tokens=limit - suffix_tokens, suffix_tokens=suffix_tokens, stride_lines=1)
        prompt = fim.build_prompt(document, cursor, format, budget, count)
        tokenizer = info.tokenizer
        ids = () if tokenizer is None else tuple(id for piece in prompt.pieces for id in ids_of(piece, tokenizer))
        # With a tokenizer whose counts do not add up by line, the whole may be longer than its lines.
        excess = len(ids) - limit_tokens
        if excess <= 0 or not limit:
            break
        limit = max(0, limit - excess)
    is_whole = prompt.prefix == fim.with_newlines(task.prefix)
    is_whole = is_whole and (not format.fills_in or prompt.suffix == fim.with_newlines(task.suffix))
    return SetPrompt(prompt=prompt, ids=ids, is_cut=not is_whole)
