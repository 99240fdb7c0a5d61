"""Where a completion ends. It is asked after every token, so that what it ends, the engine stops computing."""

from __future__ import annotations

from dataclasses import dataclass

from ..languages import blocks_of
from ..prompt.formats import Extent
from ..text import Cursor, Document, indentation, split_lines, without_line_end

_LOOP_TIMES = 4
_LOOP_CHARACTERS = range(4, 41)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """What ends a completion at one place.

    `several_lines`: whether it may go beyond the first line with text. `indent`: columns of indentation (a tab is
    one) of the cursor's line. `opens_block`: whether the completion fills a block that this line opens.
    `closers`: what a line starts with that ends a block. `next_line`: the first line with text after the cursor's,
    stripped.
    """

    several_lines: bool
    indent: int
    opens_block: bool
    closers: tuple[str, ...]
    next_line: str


def stop_rule(document: Document, cursor: Cursor, extent: Extent, *, explicit: bool) -> StopRule:
    """The rule for the hole at `cursor`: several lines only where a block starts or the user asked for them."""
    before, after = document.before(cursor), document.after(cursor)
    blocks = blocks_of(document.language)
    opens = before.rstrip().endswith(blocks.openers)
    return StopRule(
        several_lines=extent == "block" and not after.strip() and (opens or explicit or not before.strip()),
        indent=len(indentation(before)),
        opens_block=opens,
        closers=blocks.closers,
        next_line=next((line.strip() for line in document.following_lines(cursor) if line.strip()), ""),
    )


def end_of_completion(text: str, rule: StopRule) -> int | None:
    """The offset at which `text`, as generated so far, is complete; None to go on.

    Nothing is decided about a line before its newline is there, but that the model has lost itself in it.
    """
    end, started, paragraph_over = 0, False, False
    for number, line in enumerate(split_lines(text)):
        body = without_line_end(line)
        if loops(body):
            return end
        if body == line:
            return None
        if number and body.strip():
            if _closes(body, rule):
                return end + len(body)
            if _belongs_to_others(body, rule, paragraph_over):
                return end
        paragraph_over = started and not body.strip()
        started = started or bool(body.strip())
        if started and not rule.several_lines:
            return end + len(body)
        end += len(line)
    return None


def loops(line: str) -> bool:
    """Whether `line` ends with the same characters, a letter among them, several times over."""
    for length in _LOOP_CHARACTERS:
        unit = line[-length:]
        if line.endswith(unit * _LOOP_TIMES) and any(character.isalpha() for character in unit):
            return True
    return False


def _closes(line: str, rule: StopRule) -> bool:
    """Whether `line` is the end of the block that the cursor's line opens, and not there already."""
    at_block = rule.opens_block and len(indentation(line)) == rule.indent
    return at_block and line.strip().startswith(rule.closers) and line.strip() != rule.next_line


def _belongs_to_others(line: str, rule: StopRule, paragraph_over: bool) -> bool:
    """Whether `line` is outside the block or the paragraph that the completion is in, or there already."""
    columns = len(indentation(line))
    outside = columns < rule.indent or (columns == rule.indent and (rule.opens_block or paragraph_over))
    return outside or line.strip() == rule.next_line
