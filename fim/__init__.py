"""The pure core: a document in, a prompt out; raw model text in, clean text out.

Nothing here reads a file of the user, a clock or a network, knows a model or a protocol, or raises for odd
code: where there is nothing to complete, the answer is None or empty.
"""

from .budget import Budget, Count, context_limit, share
from .context import NOTHING, Context, Part, Receiver, Stop, gather
from .filters import clean
from .formats import Format, Special, Text, all_formats, recognise
from .languages import Language, all_languages, language_named, language_names, language_of_path
from .prompt import Prompt, build_prompt
from .resolve import Paths, Project
from .stop import StopRule, end_of_completion, stop_rule
from .text import Cursor, Document, split_lines
from .trigger import worth_asking

__all__ = [
    "NOTHING",
    "Budget",
    "Context",
    "Count",
    "Cursor",
    "Document",
    "Format",
    "Language",
    "Part",
    "Paths",
    "Project",
    "Prompt",
    "Receiver",
    "Special",
    "Stop",
    "StopRule",
    "Text",
    "all_formats",
    "all_languages",
    "build_prompt",
    "clean",
    "context_limit",
    "end_of_completion",
    "gather",
    "language_named",
    "language_names",
    "language_of_path",
    "recognise",
    "share",
    "split_lines",
    "stop_rule",
    "worth_asking",
]
