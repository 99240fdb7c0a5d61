"""Reads outlines and variables out of source text by the queries of its grammar. Total: odd code says less."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from tree_sitter import Node, QueryCursor, Tree

from ..text import with_newline
from .comments import (
    documentation,
    documented_definitions,
    documented_imports,
    documented_type,
    documented_value_type,
    documented_variables,
)
from .damage import error_share
from .expand import expand, expand_path
from .grammars import Grammar
from .outline import Definition, Import, Outline, Variable

Captures = dict[str, list[Node]]

_TYPE_LINES = 16  # a type alias, an enumeration: up to here its whole is its signature
_HEAD_LINES = 16
_VALUE_CHARACTERS = 200
_PARAMETER_CHARACTERS = 1000
_WEAK = ("constant", "field")  # what a definition is unless a pattern says more
_MAX_DEFINITIONS = 20_000  # of one file, and as many imports and variables: no one wrote more, and each takes memory
_CONTAINERS = ("class", "scope", "module", "type")


def parse(lines: Iterable[str], grammar: Grammar) -> Tree:
    """The syntax tree; its rows are the numbers of `lines`, whose line ends may be any."""
    # A lone half of a surrogate pair, which JSON can carry, is no UTF-8.
    text = "".join(map(with_newline, lines))
    if grammar.blanked is not None:
        text = grammar.blanked.sub(_blank, text)
    return grammar.parser.parse(text.encode("utf-8", "replace"))


def _blank(found: re.Match[str]) -> str:
    """Spaces for what was found; `word ___` where a group with the name `word` found it."""
    if found.lastgroup is not None:
        return f"{found.lastgroup} ".ljust(len(found[0]), "_")
    return re.sub(r"[^\n]", " ", found[0])


def read_outline(lines: Sequence[str], grammar: Grammar, comment: str | None = None) -> Outline:
    """The outline of a file. `comment`: what starts a line comment, to render documentation."""
    tree = parse(lines, grammar)
    return replace(_outline(tree, lines, grammar, comment), error_share=error_share(tree))


def read_source(
    lines: Sequence[str], grammar: Grammar, comment: str | None = None
) -> tuple[Outline, tuple[Variable, ...]]:
    """The outline of a file, and every variable and parameter with what is known of its type, in the file's order."""
    tree = parse(lines, grammar)
    variables = islice(_variables(tree, grammar), _MAX_DEFINITIONS)
    return _outline(tree, lines, grammar, comment), tuple(sorted(variables, key=lambda v: v.line))


def _outline(tree: Tree, lines: Sequence[str], grammar: Grammar, comment: str | None) -> Outline:
    found = sorted(_definitions(tree, grammar), key=lambda found: (found[0].start_byte, -found[0].end_byte))
    definitions = tuple(islice(_settle(found, lines, grammar, comment), _MAX_DEFINITIONS))
    imports = list(_matches(tree, grammar, "imports"))
    comments = (node for captures in imports for node in captures.get("comment", ()))
    documented = documented_definitions(comments, grammar, len(definitions))
    return Outline(
        definitions=(*definitions, *islice(documented, _MAX_DEFINITIONS)),
        imports=tuple(islice(_imports(imports, grammar), _MAX_DEFINITIONS)),
        module=_module(tree, grammar),
    )


def _variables(tree: Tree, grammar: Grammar) -> Iterator[Variable]:
    for captures in _matches(tree, grammar, "variables"):
        for comment in captures.get("comment", ()):
            yield from documented_variables(comment, grammar)
        for name in captures.get("name", ()):
            type, value = _first(captures, "type"), _first(captures, "value") or _first(captures, "element")
            member = _first(captures, "member")
            if member:  # `{ name } = value`
                type, value = None, f"{type or value}.{member}"
            if "doc_type" in captures:  # `/** @type {Client} */` before the variable or its value
                type = documented_value_type(captures["doc_type"][0], grammar) or type
            yield Variable(
                name=_bare(name),
                line=captures.get("at", [name])[0].start_point.row,
                type=type,
                value=value,
                element="element" in captures or "elements" in captures,
            )


def _matches(tree: Tree, grammar: Grammar, query: str) -> Iterator[Captures]:
    return (captures for _, captures in QueryCursor(grammar.query(query)).matches(tree.root_node))


def _definitions(tree: Tree, grammar: Grammar) -> Iterator[tuple[Node, str, Node, Captures]]:
    """Each definition's node, kind, node of the name, and captures; once each."""
    seen: dict[tuple[int, int], tuple[Node, str, Node, Captures]] = {}
    for captures in _matches(tree, grammar, "definitions"):
        kind, nodes = next(((k[11:], v) for k, v in captures.items() if k.startswith("definition.")), ("", []))
        for name in captures.get("name", ()) if nodes else ():
            key = (nodes[0].start_byte, name.start_byte)
            if key in seen:  # another pattern says more about it, such as one more base, or what its value makes it
                node, known_kind, known_name, known = seen[key]
                for capture, more in captures.items():
                    there = known.setdefault(capture, [])
                    there += (node for node in more if node not in there)
                if known_kind in _WEAK and kind not in _WEAK:
                    seen[key] = (node, kind, known_name, known)
            else:
                seen[key] = (nodes[0], kind, name, dict(captures))
    return iter(seen.values())


def _settle(
    found: Iterable[tuple[Node, str, Node, Captures]], lines: Sequence[str], grammar: Grammar, comment: str | None
) -> Iterator[Definition]:
    """Definitions with their containers. What is local to a function is left out, but for fields of its type."""
    around: list[tuple[int, int | None, Definition, int]] = []  # (end byte, number in the outline, definition, node)
    fields: set[tuple[str | None, str]] = set()
    count = 0
    for node, kind, name, captures in found:
        while around and node.start_byte >= around[-1][0]:
            around.pop()
        again = bool(around) and around[-1][3] == node.id  # one statement that defines several names
        outside = around[:-1] if again else around
        local = bool(outside) and outside[-1][2].kind not in _CONTAINERS
        type_around = next((place for place in reversed(outside) if place[2].kind in _CONTAINERS), None)
        owner = _first(captures, "owner") or _owner(type_around, outer="outer" in captures)
        if "top" in captures:  # it stands in a type, but is none of its members
            owner = None
        if owner is None and kind == "field":  # set in a method that stands outside its type: `function M:open()`
            owner = next((place[2].owner for place in reversed(outside) if place[2].owner), None)
        definition = _definition(node, kind, name, captures, lines, grammar, comment, owner, type_around)
        if kind == "field" and definition.type is None and definition.value and local:
            definition = replace(definition, type=_parameter_type(definition.value, outside[-1][2].parameters))
        hidden = local and not (kind == "field" and owner and "declared" not in captures)
        if kind == "field":
            hidden = hidden or (owner, definition.name) in fields
            fields.add((owner, definition.name))
        if not again:
            around.append((node.end_byte, None if hidden else count, definition, node.id))
        if not hidden:
            count += 1
            yield definition


def _parameter_type(value: str, parameters: str | None) -> str | None:
    """The annotation of the parameter that a field is set to: `self.client = client or Client()`."""
    name = re.match(r"(\w+)(?:\s+(?:or|if)\b.*)?$", value, re.DOTALL)
    if name is None or parameters is None:
        return None
    annotation = r"((?:[^\[\](),=]|\[(?:[^\[\]]|\[[^\]]*\])*\])+)"
    found = re.search(rf"(?:^|[(,\s*]){name[1]}\s*:\s*{annotation}", parameters)
    return found[1].strip() if found else None


def _owner(place: tuple[int, int | None, Definition, int] | None, *, outer: bool) -> str | None:
    """The type that what stands in a container belongs to. `outer`: the one around the container."""
    if place is None:
        return None
    return place[2].owner if outer or place[2].kind == "module" else place[2].name


def _definition(
    node: Node,
    kind: str,
    name: Node,
    captures: Captures,
    lines: Sequence[str],
    grammar: Grammar,
    comment: str | None,
    owner: str | None,
    inside: tuple[int, int | None, Definition, int] | None,
) -> Definition:
    start = _start(node, grammar)
    body = captures["body"][0] if "body" in captures else None
    row, end = start.start_point.row, _end_row(node)
    return Definition(
        name=_bare(name),
        kind=kind,  # pyright: ignore[reportArgumentType]
        head=(row, _head_end(kind, name, body, row, end, lines)),
        end=max(end, row + 1),
        doc=documentation(captures.get("doc"), start, lines, comment),
        inside=inside[1] if inside else None,
        owner=owner,
        bases=tuple(_text(base) for base in captures.get("base", ())),
        type=_first(captures, "type") or documented_type(kind, start, grammar),
        value=_first(captures, "value"),
        parameters=", ".join(map(_text, captures.get("parameters", ())))[:_PARAMETER_CHARACTERS] or None,
        receiver=_first(captures, "receiver"),
        named_at_end=body is not None and body.end_byte <= name.start_byte and row < name.start_point.row,
    )


def _start(node: Node, grammar: Grammar) -> Node:
    """Where the definition starts with what is written before it: decorators, attributes, `export`."""
    while node.parent is not None and node.parent.type in grammar.wrappers:
        if sum(child.type == node.type for child in node.parent.named_children) > 1:
            break  # a group of definitions
        node = node.parent
    before = node.prev_named_sibling
    while before is not None and before.type in grammar.leading and before.end_point.row >= node.start_point.row - 1:
        node = before
        before = node.prev_named_sibling
    return node


def _head_end(kind: str, name: Node, body: Node | None, start: int, end: int, lines: Sequence[str]) -> int:
    """The line after the signature: up to the body, whole without one."""
    name_end = name.end_point.row + 1
    if body is not None and body.end_byte <= name.start_byte:  # C's `typedef struct { … } Client;`
        name_end = start + 1
    if body is None:
        longest = _TYPE_LINES if kind in ("type", "class") else 1 if kind in ("field", "constant") else _HEAD_LINES
        return max(name_end, min(end, start + longest))
    row, column = body.start_point.row, body.start_point.column
    before = lines[row].encode("utf-8", "replace")[:column] if row < len(lines) else b""
    # A body that starts a line of its own is not part of the signature, not even by its bracket.
    return max(name_end, min(row if not before.strip() else row + 1, start + _HEAD_LINES))


def _imports(found: Iterable[Captures], grammar: Grammar) -> Iterator[Import]:
    for captures in found:
        if "package" in captures:
            continue
        if "comment" in captures:
            yield from documented_imports(captures["comment"][0], grammar)
            continue
        # `inner`: a path in a group, as in PHP's `use A\{B\C}`.
        module = (grammar.separator or ".").join(_text(captures[k][0]) for k in ("module", "inner") if k in captures)
        name, alias = (_bare(captures[key][0]) if key in captures else None for key in ("name", "alias"))
        statement = captures.get("import") or next(iter(captures.values()))
        first = statement[0].start_point.row
        lines = first, _end_row(statement[0]) if module else first  # an export of the file itself imports nothing
        exported = grammar.reexports == "all" or "reexport" in captures
        if "star" in captures:
            name = "*"
        if "default" in captures:
            name, alias = ("default", alias) if module else (name, "default")
        if "path" in captures:
            yield from expand_path(_text(captures["path"][0]), lines, exported, grammar)
        else:
            yield from expand(module, name, alias, lines, exported, grammar)


def _module(tree: Tree, grammar: Grammar) -> str | None:
    return next(
        (_first(captures, "package") for captures in _matches(tree, grammar, "imports") if "package" in captures), None
    )


def _end_row(node: Node) -> int:
    """The line after the node; some grammars count the line end to it."""
    return node.end_point.row + (1 if node.end_point.column else 0)


def _first(captures: Captures, name: str) -> str | None:
    """The text of the first node with this name; None where there is none, or it is too long to mean anything."""
    nodes = captures.get(name)
    if not nodes or nodes[0].end_byte - nodes[0].start_byte > _VALUE_CHARACTERS:
        return None
    return _text(nodes[0])


def _bare(node: Node) -> str:
    """A name without the marks of what kind of name it is: `@field` and `:symbol` in Ruby."""
    return _text(node).lstrip("@:")


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
