"""What the text of one file says: its definitions, its imports, and what its variables are, by tree-sitter.

All that is particular to a language is data: grammars.toml, and `queries/LANGUAGE/*.scm`.
"""

from .grammars import Grammar, all_grammars, grammar_of
from .outline import EMPTY, Definition, Import, Outline, Variable
from .reader import read_outline, read_source

__all__ = [
    "EMPTY",
    "Definition",
    "Grammar",
    "Import",
    "Outline",
    "Variable",
    "all_grammars",
    "grammar_of",
    "read_outline",
    "read_source",
]
