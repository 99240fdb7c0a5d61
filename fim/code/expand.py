"""Imports that name several things at once, taken apart: `a::{b, c as d}`, and what a module is called by default."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .grammars import Grammar
from .outline import Import

_MAX_BRACES = 200  # of one import, which are taken apart one in the other
_QUOTES = "\"'`<>"


def expand(
    module: str, name: str | None, alias: str | None, lines: tuple[int, int], exported: bool, grammar: Grammar
) -> Iterator[Import]:
    """One import per bound name. Quotes around the module go; a group in braces becomes its members."""
    module = module.strip(_QUOTES)
    if module.count("{") > _MAX_BRACES:
        return
    if "{" in module:
        for path, renamed in _leaves(module):
            yield from expand(*_split(path, grammar), renamed, lines, exported, grammar)
        return
    if name is None and alias is None and grammar.binds_first:
        module = alias = module.partition(".")[0]
    if name == "*":
        yield Import(module=module, name="*", alias=alias or "", lines=lines, exported=exported)
    else:
        bound = alias or name or _default_alias(module)
        yield Import(module=module, name=name, alias=bound, lines=lines, exported=exported)


def expand_path(text: str, lines: tuple[int, int], exported: bool, grammar: Grammar) -> Iterator[Import]:
    """The same for a whole statement whose paths end with the name: `import a.{b, c => d}, e.f`."""
    if text.count("{") > _MAX_BRACES:
        return
    text = re.sub(r"//[^\n]*|/\*[^*]*\*/", "", text)
    for part in _parts(re.sub(r"^(?:import|export)\s+|`|;", "", text.strip())):
        for path, alias in _leaves(part):
            if alias != "_":
                yield from expand(*_split(path, grammar), alias, lines, exported, grammar)


def _leaves(text: str) -> Iterator[tuple[str, str | None]]:
    """The paths in a tree of braces, each with its new name."""
    head, found, rest = text.partition("{")
    if not found:
        path, _, alias = re.sub(r"\s+", " ", text.strip()).replace(" => ", " as ").partition(" as ")
        yield path, alias or None
        return
    for part in _parts(rest[: rest.rindex("}")] if "}" in rest else rest):
        for path, alias in _leaves(part):
            yield head.strip() + path, alias


def _parts(text: str) -> Iterator[str]:
    """The items of a list, split at the commas outside braces."""
    depth, start = 0, 0
    for place, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if character == "," and depth == 0:
            yield text[start:place]
            start = place + 1
    if text[start:].strip():
        yield text[start:]


def _split(path: str, grammar: Grammar) -> tuple[str, str | None]:
    """A path as module and name: the last part is the name; `self` is the module itself."""
    separator = grammar.separator or "."
    module, found, name = path.strip().rpartition(separator)
    if not found:
        return path.strip(), None
    if name in grammar.module_itself:
        return module, None
    return module, "*" if name in grammar.all_names else name


def _default_alias(module: str) -> str:
    """The name a whole module has: the last part of its path, without a version at its end (Go)."""
    parts = [part for part in re.split(r"[./\\:]+", module) if part]
    if len(parts) > 1 and re.fullmatch(r"v\d+", parts[-1]):
        parts.pop()
    return parts[-1] if parts else module
