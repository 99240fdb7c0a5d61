"""What comments say of the code below them: a line of documentation, and, where a language's syntax has no place for
them, types (JSDoc, PHPDoc, YARD, LuaCATS), by the regular expressions of its grammar."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tree_sitter import Node

from ..text import indentation
from .grammars import Grammar
from .outline import Definition, Import, Variable


def documentation(inner: list[Node] | None, start: Node, lines: Sequence[str], comment: str | None) -> str | None:
    """One line of documentation as a line of code: the first of the docstring, or of the comment before."""
    indent = indentation(lines[start.start_point.row]) if start.start_point.row < len(lines) else ""
    if inner:
        text = _first_words(text_of(inner[0]).lstrip("rRuUbB").strip("\"'"))
        return f'{indentation(lines[inner[0].start_point.row])}"""{text}"""' if text else None
    comments = _comments_before(start)
    text = _first_words(text_of(comments[0])) if comments and comment is not None else None
    return f"{indent}{comment} {text}" if text else None


def _comments_before(start: Node) -> list[Node]:
    """The comments directly above a definition, in order."""
    node, row, found = start.prev_named_sibling, start.start_point.row, []
    while node is not None and "comment" in node.type and node.end_point.row >= row - 1:
        found.append(node)
        row = node.start_point.row
        if node.end_point.column == 0:  # some grammars count the line end to the comment
            row = min(row, node.end_point.row - 1)
        node = node.prev_named_sibling
    return found[::-1]


def documented_type(kind: str, start: Node, grammar: Grammar) -> str | None:
    """The type that the comment above a definition tells, where its syntax has no place for one."""
    pattern = grammar.doc_result if kind == "function" else grammar.doc_value
    found = re.search(pattern, "\n".join(map(text_of, _comments_before(start)))) if pattern else None
    return found["type"] if found else None


def _first_words(text: str) -> str | None:
    for line in text.splitlines():
        words = line.strip().lstrip("/*#-!").strip().removesuffix("*/").strip()
        if words:
            return words
    return None


def documented_imports(comment: Node, grammar: Grammar) -> Iterator[Import]:
    """The types of other files that a comment takes names for: `@typedef {import("./client").Client} Client`."""
    row = comment.start_point.row
    for found in re.finditer(grammar.doc_import, text_of(comment)) if grammar.doc_import else ():
        yield Import(module=found["module"], name=found["name"], alias=found["alias"], lines=(row, row))


def documented_definitions(comments: Iterable[Node], grammar: Grammar, count: int) -> Iterator[Definition]:
    """The types that comments define, each before its members, numbered from `count` on:
    `@typedef {Object} Options` with `@property {string} name`, `---@class Options` with `---@field name string`."""
    container: tuple[int, str] | None = None
    last = -1
    for comment in comments if grammar.doc_type else ():
        if comment.start_point.row > last + 1:
            container = None
        for row, line in enumerate(text_of(comment).splitlines(), comment.start_point.row):
            last = row
            type, member = re.search(grammar.doc_type, line), re.search(grammar.doc_member, line)
            if type is not None:
                container = count, type["name"]
                bases = (type["type"],) if type["type"] else ()
                yield Definition(name=type["name"], kind="type", head=(row, row + 1), end=row + 1, bases=bases)
            elif container is not None and member is not None:
                yield Definition(
                    name=member["name"],
                    kind="field",
                    head=(row, row + 1),
                    end=row + 1,
                    inside=container[0],
                    owner=container[1],
                    type=member["type"],
                )
            else:
                continue
            count += 1


def documented_value_type(comment: Node, grammar: Grammar) -> str | None:
    """The type that a comment tells of the value or variable behind it."""
    found = re.search(grammar.doc_value, text_of(comment)) if grammar.doc_value else None
    return found["type"] if found else None


def documented_variables(comment: Node, grammar: Grammar) -> Iterator[Variable]:
    """The parameters and variables whose types a comment tells."""
    for found in re.finditer(grammar.doc_parameter, text_of(comment)) if grammar.doc_parameter else ():
        yield Variable(name=found["name"], line=comment.end_point.row, type=found["type"])


def text_of(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
