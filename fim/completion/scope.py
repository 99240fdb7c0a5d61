"""How far a completion goes at one place: what is open there, what of it the text behind the cursor closes, and whether
a line, statements or a block are to be filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from ..languages import Blocks, blocks_of
from ..prompt.formats import Extent
from ..text import Cursor, Document, without_line_end
from .balance import SCANNED_LINES, Balance, balance_at
from .brackets import columns
from .syntax import Syntax, syntax_of

_FOLLOWING_LINES = 6
CLOSING = ")]}>;,\"'` \t"
"""What may stand behind the cursor of a line that is as good as over; editors close brackets and quotes themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """What ends a completion at one place. Indentation is in columns, with tabs to the next eighth.

    `several_lines`: whether it goes on behind the first whole line. `one_line`: whether the model is held to one line
    whatever is open. `starts_line`: whether only blanks stand before the cursor. `above`: the nearest line above with
    text. `following`: the next ones.

    `indent`: of the cursor's line; None where the cursor is at its very start, and the text says it. `head`: of the
    line on which the block starts that the completion is in. `opens_block`: whether the cursor's line opens it.
    `fills_block`: whether nothing but the completion will be in it. `closes_block`: whether the word that ends it, such
    as `end`, is not there yet.
    """

    several_lines: bool
    one_line: bool
    starts_line: bool
    above: str
    following: tuple[str, ...]
    indent: int | None
    head: int
    opens_block: bool
    fills_block: bool
    closes_block: bool
    balance: Balance
    blocks: Blocks
    syntax: Syntax

    @property
    def around(self) -> tuple[str, ...]:
        """The text next to the completion."""
        return self.above, self.balance.before, *self.following


def stop_rule(document: Document, cursor: Cursor, extent: Extent, *, explicit: bool) -> StopRule:
    """The rule for the hole at `cursor`: several lines only where a block or a line starts, or the user wants them."""
    before, after = document.before(cursor), document.after(cursor)
    syntax, blocks = syntax_of(document.language), blocks_of(document.language)
    above, below = document.lines[: cursor.line], document.following_lines(cursor)
    balance = balance_at(document, cursor, syntax)
    starts_line = not before.strip()
    opens = blocks.opens(before) and balance.is_code
    head = _columns_around(above, columns(before)) if starts_line else balance.statement_columns
    return StopRule(
        several_lines=extent == "block" and not after.strip(CLOSING) and (opens or explicit or starts_line),
        one_line=extent == "line" or bool(after.strip(CLOSING)),
        starts_line=starts_line,
        above=next(_with_text(reversed(above)), ""),
        following=tuple(islice(_with_text(below), _FOLLOWING_LINES)),
        indent=columns(before) if before else None,
        head=head,
        opens_block=opens,
        fills_block=starts_line and _is_alone(before, above, below, blocks),
        closes_block=not _is_closed(head, below, blocks),
        balance=balance,
        blocks=blocks,
        syntax=syntax,
    )


def _is_alone(before: str, above: Sequence[str], below: Sequence[str], blocks: Blocks) -> bool:
    """Whether a line, blank but for the cursor, is the only one of its block."""
    last = next(_with_text(reversed(above)), "")
    next_columns = columns(next(_with_text(below), ""))
    if not before:
        return blocks.opens(last) and next_columns <= columns(last)
    return next_columns < columns(before) and (columns(last) < columns(before) or blocks.opens(last))


def _is_closed(head: int, below: Sequence[str], blocks: Blocks) -> bool:
    """Whether the next line that is no further in than the block's head ends the block."""
    outside = next((line for line in islice(_with_text(below), SCANNED_LINES) if columns(line) <= head), "")
    return columns(outside) == head and blocks.closes(outside)


def _columns_around(above: Sequence[str], indent: int) -> int:
    """The indentation of the nearest line above that is less indented; -1 where there is none."""
    found = (columns(line) for line in islice(_with_text(reversed(above)), SCANNED_LINES))
    return next((own for own in found if own < indent), -1)


def _with_text(lines: Iterable[str]) -> Iterator[str]:
    return (without_line_end(line).rstrip() for line in lines if line.strip())
