"""Holes in real files, cut by syntax: the rest of a line, a statement, a block, the inside of brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seekline import fim
from seekline.fim.code.grammars import Grammar
from seekline.fim.code.reader import parse
from seekline.fim.completion.syntax import CLOSERS
from tree_sitter import Node

KINDS = ("rest", "statement", "inside", "block", "indented", "closed", "argument")

_NO_STATEMENT = re.compile(r"(?:^|_)(?:body|block|statements|list|clause|chunk|program|body_statement)$")
_MOST_LINES = 15
_MOST_CHARACTERS = 700
_FURTHER_CHARACTERS = 1500

Span = tuple[str, int, int]
"""A kind of hole, its start and its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A cursor between `prefix` and `suffix`, at which `middle` is to be shown; a model that writes it goes on with
    `rest`."""

    path: str
    kind: str
    prefix: str
    middle: str
    rest: str
    suffix: str


def holes_in(path: str, text: str, grammar: Grammar) -> Iterator[Hole]:
    """All holes of a file, in its order."""
    lines = fim.split_lines(text)
    root = parse(lines, grammar).root_node
    if root.has_error:
        return
    offsets = _Offsets(lines)
    nodes = [root]
    while nodes:
        node = nodes.pop()
        nodes += reversed(node.children)
        for kind, start, end in (*_statement(node, offsets), *_block(node, offsets), *_rest(node, offsets)):
            hole = _hole(path, kind, text, start, end)
            if hole is not None:
                yield hole


class _Offsets:
    """From rows and columns in bytes, as tree-sitter counts, to offsets in code points."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = [line.rstrip("\r\n") for line in lines]
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line))

    def of(self, row: int, column_bytes: int = 0) -> int:
        line = self.lines[row].encode() if row < len(self.lines) else b""
        return self._starts[min(row, len(self.lines))] + len(line[:column_bytes].decode("utf-8", "replace"))

    def line_end(self, row: int) -> int:
        return self._starts[row] + len(self.lines[row].rstrip())


def _statement(node: Node, offsets: _Offsets) -> Iterator[Span]:
    """A named node that has its lines for itself, the outermost one of them."""
    parent = node.parent
    if not node.is_named or parent is None or parent.type == "ERROR" or "comment" in node.type:
        return
    if parent.start_point == node.start_point or parent.start_point.row == parent.end_point.row:
        return
    if _NO_STATEMENT.search(node.type):
        return
    start, end = node.start_point, node.end_point
    if end.column == 0 or end.row >= len(offsets.lines):
        return
    first, last = offsets.lines[start.row], offsets.lines[end.row]
    behind = last.encode()[end.column :].decode("utf-8", "replace").strip()
    if first.encode()[: start.column].strip() or behind not in ("", ";", ","):
        return
    if end.row - start.row < _MOST_LINES and len(first.strip()) >= 5:
        yield "statement", offsets.of(start.row, start.column), offsets.line_end(end.row)


def _block(node: Node, offsets: _Offsets) -> Iterator[Span]:
    """The holes of a block between brackets or words, or below a colon."""
    if not node.children:
        return
    first, last = node.children[0], node.children[-1]
    head, end = first.start_point.row, last.end_point.row
    opener, closer = first.type, last.type
    if opener in CLOSERS and closer == CLOSERS[opener]:
        start = offsets.of(head, first.end_point.column)
        if end - head < 2 or end - head > _MOST_LINES or start != offsets.line_end(head):
            return
    elif closer == "end" and end - head >= 2 and node.start_point.row == head:
        start = offsets.line_end(head)
    elif node.type == "block":
        yield from _block_below_colon(node, offsets)
        return
    else:
        return
    if end - head > _MOST_LINES or offsets.lines[end].lstrip()[: len(closer)] != closer:
        return
    if not any(map(str.strip, offsets.lines[head + 1 : end])):
        return
    inner = offsets.lines[head + 1]
    inside_end = max(offsets.line_end(row) for row in range(head, end) if offsets.lines[row].strip())
    yield "inside", start, inside_end
    indent = len(inner) - len(inner.lstrip())
    deeper = all(not line.strip() or line[:indent].isspace() for line in offsets.lines[head + 1 : end])
    if inner.strip() and opener != "(" and deeper:
        yield "indented", offsets.of(head + 1) + len(inner) - len(inner.lstrip()), inside_end
    closer_start = offsets.of(end, last.start_point.column)
    closer_end = closer_start + len(closer)
    if not offsets.lines[end][closer_end - offsets.of(end) :].strip(";,) \t"):
        yield "block", start, offsets.line_end(end)
    if opener in CLOSERS:
        yield "closed", start, closer_start


def _block_below_colon(node: Node, offsets: _Offsets) -> Iterator[Span]:
    colon = node.prev_sibling
    if colon is None or colon.type != ":" or not offsets.lines[colon.end_point.row].rstrip().endswith(":"):
        return
    row = colon.end_point.row
    inner = offsets.lines[row + 1] if row + 1 < len(offsets.lines) else ""
    if row >= node.start_point.row or not inner.strip():
        return
    end = offsets.line_end(node.end_point.row - (node.end_point.column == 0))
    yield "inside", offsets.line_end(row), end
    yield "indented", offsets.of(row + 1) + len(inner) - len(inner.lstrip()), end


def _rest(node: Node, offsets: _Offsets) -> Iterator[Span]:
    """From a token within a line to its end; behind an opening bracket up to its end."""
    if node.children:
        return
    start = node.start_point
    if start.row >= len(offsets.lines) or node.end_point.row != start.row:
        return
    line = offsets.lines[start.row]
    before = line.encode()[: start.column]
    if before.strip() and "comment" not in node.type and node.type not in CLOSERS.values():
        yield "rest", offsets.of(start.row, start.column), offsets.line_end(start.row)
    parent = node.parent
    if node.type in ("(", "[") and parent is not None and parent.children[-1].type == CLOSERS[node.type]:
        closer = parent.children[-1].start_point
        if closer.row - start.row < _MOST_LINES and closer.row < len(offsets.lines):
            yield "argument", offsets.of(start.row, node.end_point.column), offsets.of(closer.row, closer.column)


def _hole(path: str, kind: str, text: str, start: int, end: int) -> Hole | None:
    middle = text[start:end]
    if not middle.strip() or len(middle) > _MOST_CHARACTERS:
        return None
    rest = text[end : end + _FURTHER_CHARACTERS]
    suffix = text[end:]
    if kind in ("closed", "argument"):
        line_end = _line_end(text, end)
        if re.search(r"[()\[\]{}]", text[end + 1 : line_end]):  # without it, the rest of the file would lack a bracket
            return None
        suffix = text[end] + text[line_end:]
    return Hole(path=path, kind=kind, prefix=text[:start], middle=middle, rest=rest, suffix=suffix)


def _line_end(text: str, offset: int) -> int:
    found = re.compile(r"\r?\n|\Z").search(text, offset)
    return found.start() if found else len(text)


def document_of(hole: Hole) -> tuple[fim.Document, fim.Cursor]:
    """What an editor has, and where the cursor is."""
    above = fim.split_lines(hole.prefix)
    on_line = bool(above) and not above[-1].endswith(("\n", "\r"))
    lines = tuple(fim.split_lines(hole.prefix + hole.suffix))
    cursor = fim.Cursor(line=len(above) - on_line, column=len(above[-1]) if on_line else 0)
    return fim.Document(path=hole.path, language=fim.language_of_path(hole.path), lines=lines), cursor
