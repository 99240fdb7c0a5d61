"""The identifiers in a piece of code, in the order of the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import tree_sitter

from ... import fim
from ...fim.code import grammar_of

_WORD = re.compile(r"[^\W\d]\w*")
# Of nodes that have names but are no identifiers.
_NO_IDENTIFIERS = ("string", "comment", "number", "integer", "float", "literal", "char", "text", "escape", "content")
# Without it, all is text of a page.
_BEFORE_CODE = {"php": "<?php "}


def identifiers(text: str, path: str) -> list[str]:
    """By the grammar of the path's language, for which a keyword is a node without a name; else every word."""
    grammar = grammar_of(path, fim.language_of_path(path))
    if grammar is None:
        return _WORD.findall(text)
    before = _BEFORE_CODE.get(grammar.name, "")
    tree = grammar.parser.parse((before + text).encode("utf-8", "replace"))
    return [name for leaf in _leaves(tree.root_node) for name in _names(leaf)]


def _leaves(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    left = [root]
    while left:
        node = left.pop()
        if any(part in node.type for part in _NO_IDENTIFIERS) and not node.children:
            continue
        if node.children:
            left.extend(reversed(node.children))
        elif node.is_named:
            yield node


def _names(leaf: tree_sitter.Node) -> list[str]:
    text = (leaf.text or b"").decode("utf-8", "replace")
    # `None`, `true`, `self`: words of the language that have a node of their own name.
    if text.lower() == leaf.type:
        return []
    return [text] if _WORD.fullmatch(text.lstrip("$@")) else []
