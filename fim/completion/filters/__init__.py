"""From what a model wrote to what is shown: small steps from text to text, in the order of these lists.

A new filter is a file and a line here; its golden cases are in a file of its own, too (tests/golden/filters).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .comment_prefix import with_comment_prefix
from .control_tokens import without_control_tokens
from .fences import without_fences
from .following_lines import without_following_lines
from .hole import Hole
from .indentation import without_indentation_again
from .line_ends import with_own_line_ends
from .line_start import without_line_start
from .lines_above import without_lines_above
from .open_end import without_open_end
from .overlap import without_repeated_end
from .prose import without_prose
from .spaces import without_double_space
from .suffix_space import with_space_for_suffix
from .tabs import with_own_indentation
from .unreadable import without_unreadable

Filter = Callable[[str, Hole], str]

WRITTEN: Sequence[Filter] = (
    without_control_tokens,
    without_unreadable,
    without_prose,
    without_fences,
    without_lines_above,
    without_line_start,
    without_indentation_again,
    without_double_space,
    with_comment_prefix,
    with_own_indentation,
)
"""What the stop rule is to see: the text as it would stand in the document. Of more lines, each makes of the first ones
what it made of them alone."""

ENDED: Sequence[Filter] = (
    without_following_lines,
    without_open_end,
    without_repeated_end,
    with_space_for_suffix,
)
"""How a text meets what follows, once the stop rule has ended it."""

MEETING: Sequence[Filter] = (with_space_for_suffix,)
"""The same where the stop rule ended it at what stands behind the cursor."""


def filtered(text: str, filters: Sequence[Filter], hole: Hole) -> str:
    for filter in filters:
        text = filter(text, hole)
    return text


__all__ = ["ENDED", "MEETING", "WRITTEN", "Filter", "Hole", "filtered", "with_own_line_ends"]
