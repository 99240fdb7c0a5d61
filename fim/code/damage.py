"""How much of a text its grammar could not read."""

from __future__ import annotations

from tree_sitter import Node, Tree


def error_share(tree: Tree) -> float:
    """The share of the bytes that stand in nodes of errors, from 0 to 1; a token that is missing has none."""
    root = tree.root_node
    if not root.has_error or not root.end_byte:
        return 0.0
    found_bytes = 0
    waiting: list[Node] = [root]
    while waiting:
        node = waiting.pop()
        if node.is_error:
            found_bytes += node.end_byte - node.start_byte
        else:
            waiting += [child for child in node.children if child.has_error]
    return found_bytes / root.end_byte
