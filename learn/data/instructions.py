"""Tasks for tuning a chat model: `instruction`, `input` and `output`, as DeepSeek Coder's fine-tuning reads them.

Two kinds, both of the repository's own code. A function with documentation is asked for by its documentation, with its
signature as the input. Any other place is asked for as a hole: the input is the text that the server would show the
model there, other files included, with a mark in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
_MAX_COMMENT_LINES = 40
_QUOTES = ('"""', "'''")
_COMMENT_STARTS = ("/*", "*", "//", "#", "--", ";")


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
    lines = fim.split_lines(source.text)
    definitions = () if facts is None else facts.definitions
    documented = [definition for definition in definitions if _is_documented(definition, lines)]
    for index in range(number):
        draw = generator(options.seed, source.path, index)
        if documented and draw.random() < _DOCUMENTED_SHARE:
            yield (
                "documented function",
                _of_function(documented.pop(int(draw.integers(len(documented)))), lines, source.language.name),
            )
        elif (filled := _of_hole(source, repository, prompter, draw)) is not None:
            yield "hole", filled


def _is_documented(definition: fim.Definition, lines: Sequence[str]) -> bool:
    return (
        definition.kind == "function"
        and definition.head[1] < definition.end <= definition.head[0] + _MAX_FUNCTION_LINES
        and len(_documentation(definition, lines)) >= _LEAST_DOCUMENTATION_CHARACTERS
    )


def _of_function(definition: fim.Definition, lines: Sequence[str], language: str) -> Instruction:
    first, behind = definition.head
    owner = f" of `{definition.owner}`" if definition.owner else ""
    told = _documentation(definition, lines)
    return Instruction(
        instruction=f"Write the {language} function `{definition.name}`{owner}: {told}",
        input="".join(lines[first:behind]),
        output="".join(lines[first : definition.end]),
    )


def _documentation(definition: fim.Definition, lines: Sequence[str]) -> str:
    """What the comment above a definition says, or the string at its beginning, in one paragraph without marks; empty
    where there is none."""
    if definition.doc is None:
        return ""
    found: list[str] = []
    if definition.doc.lstrip().startswith('"'):
        for line in lines[definition.head[1] : definition.end]:
            found.append(line)
            quotes = sum("".join(found).count(quote) for quote in _QUOTES)
            if quotes >= 2 or not quotes:
                break
    else:
        for line in reversed(lines[max(0, definition.head[0] - _MAX_COMMENT_LINES) : definition.head[0]]):
            if not line.lstrip().startswith(_COMMENT_STARTS):
                break
            found.insert(0, line)
    return " ".join(" ".join(map(_without_marks, found)).split())


def _without_marks(line: str) -> str:
    """What a line of a comment says, in any language."""
    return line.strip().removesuffix("*/").strip("\"'").lstrip("/*#-!;")


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
