"""Text that goes on behind the brackets and quotes that stand behind the cursor."""

from __future__ import annotations

from ..brackets import Opened, Scanner
from ..shown import Shown, has_in_order
from .hole import Hole

_CLOSERS = ")]}\"'` "
_MOST_CHARACTERS = 20


def beyond_closers(text: str, end: int, hole: Hole) -> Shown | None:
    """The first line of `text` in the place of the closers behind the cursor, which it has too; None where it does not
    need their place. `end`: where it ends if they stay.

    Editors close by themselves what is opened; so in ``f(▮)``, ``a).g(b)`` is meant with its bracket.
    """
    after = hole.after.rstrip()
    line = text.partition("\n")[0].rstrip()
    rest = line[end:]
    if not after or len(after) > _MOST_CHARACTERS or after.strip(_CLOSERS) or end > len(line):
        return None
    if not has_in_order(rest, after) or not any(character.isalnum() for character in rest):
        return None
    if _opened(line, hole) is None or _opened(line, hole) != _opened(line[:end] + after, hole):
        return None
    return Shown(text=line, replaced_after=len(after))


def _opened(line: str, hole: Hole) -> list[Opened] | None:
    """What is open behind the cursor's line, if that ends with `line`; None where that closes what nobody opened."""
    scanner = Scanner(hole.rule.syntax, hole.rule.balance.line_opened)
    closed = scanner.line(hole.before + line)
    return None if any(one.opened is None for one in closed) else scanner.opened
