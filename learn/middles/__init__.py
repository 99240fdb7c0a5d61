"""The one generator of middles: what is cut out of a text for a model to fill in, for training and for measuring.

A `Middle` is the same everywhere; each policy of drawing one is a function of its own, over the lines and words of
`middle`: `training` draws what a model learns from, `evaluation` where it is measured on held-out Python, and
`any_language` where it is measured on any repository, both by `tasks`; `own_code` where a user's own is measured.
`code_lines` has the lines of any language at which it is worth asking, from which the context benchmark takes its own.
"""

from .any_language import HALF_WHOLE_LINES, RESTS, draw_tasks_in
from .code_lines import candidate_lines
from .evaluation import draw_tasks
from .middle import Kind, Line, Middle, indentation, line_at, rest_of_line
from .own_code import OWN_KINDS, Source, draw_own, lines_of, source_of
from .tasks import InfillingTask
from .training import ContextWindow, draw_line, draw_middle, draw_start

__all__ = [
    "HALF_WHOLE_LINES",
    "OWN_KINDS",
    "RESTS",
    "ContextWindow",
    "InfillingTask",
    "Kind",
    "Line",
    "Middle",
    "Source",
    "candidate_lines",
    "draw_line",
    "draw_middle",
    "draw_own",
    "draw_start",
    "draw_tasks",
    "draw_tasks_in",
    "indentation",
    "line_at",
    "lines_of",
    "rest_of_line",
    "source_of",
]
