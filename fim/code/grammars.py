"""Which grammar reads a file, and the few things about its language that queries cannot say. Data: grammars.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from pathlib import PurePosixPath
from typing import Any, Literal

import tree_sitter

from .._data import load_text, load_toml
from ..languages import Language

_COMMON = "*"


@dataclass(frozen=True, kw_only=True, eq=False)
class ExpressionWords:
    """The words of expressions and types that are no names; compared by identity, since caches are keyed by it."""

    before_expression: re.Pattern[str]
    cast: re.Pattern[str] | None
    carriers: frozenset[str]
    no_type: re.Pattern[str]


@dataclass(frozen=True, kw_only=True, eq=False)
class GuideWords:
    """What tells whether a name has to be one that exists."""

    open_type: re.Pattern[str]
    other_result: re.Pattern[str]
    property: re.Pattern[str]
    new_name: re.Pattern[str]


@dataclass(frozen=True, kw_only=True)
class Grammar:
    """How one language, or a dialect of it, is read; the fields are described in grammars.toml."""

    name: str
    language: str
    module: str
    queries: str
    resolver: str
    function: str = "language"
    extensions: tuple[str, ...] = ()
    wrappers: frozenset[str] = frozenset()
    leading: frozenset[str] = frozenset()
    self: frozenset[str] = frozenset()
    super: frozenset[str] = frozenset()
    instance: frozenset[str] = frozenset()
    carriers: frozenset[str] = frozenset()
    elements: frozenset[str] = frozenset()
    dynamic: frozenset[str] = frozenset()
    reexports: Literal["all", "marked"] = "marked"
    separator: str | None = None
    colon_calls: bool = False
    private: str | None = None
    exported: str | None = None
    exported_name: str | None = None
    binds_first: bool = False
    implicit_self: bool = False
    roots: frozenset[str] = frozenset()
    open_namespaces: bool = False
    blank: str = ""
    constant_files: bool = False
    named_types: bool = False
    by_name: bool = False
    doc_import: str = ""
    doc_type: str = ""
    doc_member: str = ""
    doc_parameter: str = ""
    doc_result: str = ""
    doc_value: str = ""
    constructors: frozenset[str]
    static: str
    own_types: frozenset[str]
    no_type: str
    before_expression: str
    cast: str = ""
    value_expected: str
    comment_marks: tuple[str, ...]
    module_itself: frozenset[str]
    all_names: frozenset[str]
    guided: bool = False
    root_members: frozenset[str] = frozenset()
    open_type: str = ""
    other_result: str
    property: str
    several_results: bool = False
    new_name: str

    @cached_property
    def tree_sitter(self) -> tree_sitter.Language:
        return tree_sitter.Language(getattr(import_module(self.module), self.function)())

    @cached_property
    def parser(self) -> tree_sitter.Parser:
        return tree_sitter.Parser(self.tree_sitter)

    @cached_property
    def blanked(self) -> re.Pattern[str] | None:
        return re.compile(self.blank, re.VERBOSE | re.MULTILINE) if self.blank else None

    @cached_property
    def guide(self) -> GuideWords:
        return GuideWords(
            open_type=re.compile(self.open_type or "(?!)", re.MULTILINE),
            other_result=re.compile(self.other_result, re.MULTILINE),
            property=re.compile(self.property),
            new_name=re.compile(self.new_name),
        )

    @cached_property
    def expression_words(self) -> ExpressionWords:
        return ExpressionWords(
            before_expression=re.compile(self.before_expression, re.VERBOSE),
            cast=re.compile(self.cast, re.VERBOSE) if self.cast else None,
            carriers=self.carriers,
            no_type=re.compile(self.no_type, re.VERBOSE),
        )

    def query(self, name: str) -> tree_sitter.Query:
        """The query in `queries/LANGUAGE/NAME.scm`."""
        return _query(self, name)

    def __hash__(self) -> int:
        return hash(self.name)


@cache
def _query(grammar: Grammar, name: str) -> tree_sitter.Query:
    return tree_sitter.Query(grammar.tree_sitter, query_text(grammar.queries, name))


def query_text(folder: str, name: str) -> str:
    """The text of a query; a first line `; inherits: ecma` puts that of another folder before it, as in Neovim."""
    text = load_text(f"code/queries/{folder}/{name}.scm")
    inherits = re.match(r"; inherits: ([\w-]+)\n", text)
    return text if inherits is None else query_text(inherits[1], name) + text


@cache
def all_grammars() -> Mapping[str, Grammar]:
    """Every grammar by its name."""
    sets = {name for name, kind in Grammar.__annotations__.items() if kind.startswith("frozenset")}

    def value(key: str, found: Any) -> Any:
        if key in sets:
            return frozenset(found)
        return tuple(found) if isinstance(found, list) else found

    rows = load_toml("code/grammars.toml")
    common = rows.pop(_COMMON)
    grammars: dict[str, Grammar] = {}
    for name, row in rows.items():
        fields = {key: value(key, found) for key, found in {**common, **row}.items()}
        grammars[name] = Grammar(name=name, **fields)
    return grammars


@cache
def _by_extension() -> Mapping[str, Grammar]:
    return {ending: grammar for grammar in all_grammars().values() for ending in grammar.extensions}


@cache
def _by_language() -> Mapping[str, Grammar]:
    dialects_first = sorted(all_grammars().values(), key=lambda grammar: not grammar.extensions)
    return {grammar.language: grammar for grammar in dialects_first}


def grammar_of(path: str, language: Language | None) -> Grammar | None:
    """The grammar for a file, by its ending, else by its language; None where there is none."""
    if language is None:
        return None
    return _by_extension().get(PurePosixPath(path).suffix.lower()) or _by_language().get(language.name)
