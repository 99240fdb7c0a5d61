"""Tasks for tuning a chat model: `instruction`, `input` and `output`, as DeepSeek Coder's fine-tuning reads them.

Two kinds, both of the repository's own code. A function with documentation is asked for by its documentation, with its
signature as the input. Any other place is asked for as a hole: the input is the text that the server would show the
model there, other files included, with a mark in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ... import fim
from ..repository import Prompter, Repository
from .drawing import draw_hole, generator, prompt_at
from .options import DataOptions
from .source import Source

HOLE = "<FILL_IN>"
_MAX_FUNCTION_LINES = 80
_LEAST_DOCUMENTATION_CHARACTERS = 20
_DOCUMENTED_SHARE = 0.5
# What comments are written with in any language: what they say stands between.
_COMMENT_MARKS = re.compile(
    r'^[ \t]*(?:/\*\*?|\*/|\*|///?!?|//|#+|--+|;+|"""|\'\'\')?[ \t]?|[ \t]*(?:\*/|"""|\'\'\')$', re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """`input`: what the instruction is about."""

    instruction: str
    input: str
    output: str


def draw_instructions(
    source: Source,
    facts: fim.FileFacts | None,
    repository: Repository,
    prompter: Prompter,
    options: DataOptions,
    number: int,
) -> Iterator[tuple[str, Instruction]]:
    """At most `number`, each with its kind and of another place. `facts`: of the file, where it has a grammar."""
    definitions = () if facts is None else facts.definitions
    documented = [definition for definition in definitions if _is_documented(definition)]
    for index in range(number):
        draw = generator(options.seed, source.path, index)
        if documented and draw.random() < _DOCUMENTED_SHARE:
            yield "documented function", _of_function(documented.pop(int(draw.integers(len(documented)))), source)
        elif (filled := _of_hole(source, repository, prompter, draw)) is not None:
            yield "hole", filled


def _is_documented(definition: fim.Definition) -> bool:
    return (
        definition.kind == "function"
        and definition.doc is not None
        and len(_plain(definition.doc)) >= _LEAST_DOCUMENTATION_CHARACTERS
        and definition.head[1] < definition.end <= definition.head[0] + _MAX_FUNCTION_LINES
    )


def _of_function(definition: fim.Definition, source: Source) -> Instruction:
    lines = fim.split_lines(source.text)
    first, behind = definition.head
    owner = f" of `{definition.owner}`" if definition.owner else ""
    return Instruction(
        instruction=f"Write the {source.language.name} function `{definition.name}`{owner}: "
        f"{_plain(definition.doc or '')}",
        input="".join(lines[first:behind]),
        output="".join(lines[first : definition.end]),
    )


def _of_hole(
    source: Source, repository: Repository, prompter: Prompter, draw: np.random.Generator
) -> Instruction | None:
    middle = draw_hole(source, prompter, draw)
    if middle is None or not source.text[middle.start : middle.end].strip():
        return None
    prompt = prompt_at(source, middle.start, source.text[middle.end :], repository, prompter)
    name = source.language.name
    asked = f"Write what stands in the place of {HOLE} in this {name} code, and nothing else."
    if not prompt.suffix:
        asked = f"Go on with this {name} code."
    return Instruction(
        instruction=asked,
        input=prompt.prefix + prompt.must_start + (HOLE + prompt.suffix if prompt.suffix else ""),
        output=source.text[middle.start : middle.end],
    )


def _plain(documentation: str) -> str:
    """What documentation says, in one paragraph, without the marks of comments."""
    return " ".join(_COMMENT_MARKS.sub("", documentation).split())
