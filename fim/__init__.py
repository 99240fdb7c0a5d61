"""The pure core: a document in, a prompt out; raw model text in, clean text out.

Nothing here reads a file of the user, a clock or a network, knows a model or a protocol, or raises for odd
code: where there is nothing to complete, the answer is None or empty.
"""

from .code import Definition
from .completion.healing import partial_word
from .completion.output import Output
from .completion.scope import CLOSING, StopRule, stop_rule
from .completion.shown import Shown, has_in_order
from .completion.trigger import next_indentation, worth_asking
from .completion.worth import worth_showing
from .context import (
    NOTHING,
    Context,
    ExistingMembers,
    FileFacts,
    Part,
    Stop,
    dependency_order,
    existing_members,
    file_facts,
    gather,
    given_context,
    related_paths,
)
from .languages import Language, all_languages, language_named, language_names, language_of_path, names_of
from .prompt.budget import Budget, Count, context_limit, share
from .prompt.formats import Format, Slot, Special, Text, all_formats, prefix_and_suffix, recognise, recognise_name
from .prompt.prompt import Prompt, build_prompt
from .resolve import Paths, Project
from .text import Cursor, Document, split_lines, with_newlines

__all__ = [
    "CLOSING",
    "NOTHING",
    "Budget",
    "Context",
    "Count",
    "Cursor",
    "Definition",
    "Document",
    "ExistingMembers",
    "FileFacts",
    "Format",
    "Language",
    "Output",
    "Part",
    "Paths",
    "Project",
    "Prompt",
    "Shown",
    "Slot",
    "Special",
    "Stop",
    "StopRule",
    "Text",
    "all_formats",
    "all_languages",
    "build_prompt",
    "context_limit",
    "dependency_order",
    "existing_members",
    "file_facts",
    "gather",
    "given_context",
    "has_in_order",
    "language_named",
    "language_names",
    "language_of_path",
    "names_of",
    "next_indentation",
    "partial_word",
    "prefix_and_suffix",
    "recognise",
    "recognise_name",
    "related_paths",
    "share",
    "split_lines",
    "stop_rule",
    "with_newlines",
    "worth_asking",
    "worth_showing",
]
