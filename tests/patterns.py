"""Every expression of the product, and inputs that its parts suggest to make a backtracking engine slow."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli
from seekline.fim.completion.syntax import all_syntaxes

try:
    from re import _constants as sre  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
except ImportError:  # Python 3.10
    import sre_constants as sre  # type: ignore[import-not-found,no-redef]
    import sre_parse as parser  # type: ignore[import-not-found,no-redef]

ROOT = Path(__file__).parents[1]
FUNCTIONS = {"compile", "search", "match", "fullmatch", "finditer", "findall", "split", "sub", "subn"}
CHARACTERS = "aA0_ \t\n.,:;&*/\\\"'<>()[]{}=-+!?#@$|`~%^é\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """An expression, where it is said, and which engine runs it; `text` is None where a value of run time says it."""

    place: str
    text: str | None
    engine: str = "re"
    flags: int = 0
    anchored: bool = False
    """It is only asked about the start of a text."""


def in_python(path: Path) -> Iterator[Pattern]:
    """The expressions that a module hands to `re` or `re2`."""
    place = path.relative_to(ROOT).as_posix()
    module = ast.parse(path.read_text("utf-8"))
    constants = {
        node.targets[0].id: node.value
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in ast.walk(module):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        engine = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
        if engine in ("re", "re2") and node.func.attr in FUNCTIONS:
            text = _text(node.args[0], constants)
            called = {node.func.attr} if node.func.attr != "compile" else _called(node, module)
            anchored = bool(called) and called <= {"match", "fullmatch"}
            yield Pattern(place=place, text=text, engine=engine, flags=_flags(node), anchored=anchored)


def _called(made: ast.Call, module: ast.Module) -> set[str]:
    """The functions that a module calls on the expression that it keeps as a constant."""
    names = {
        node.targets[0].id
        for node in ast.walk(module)
        if isinstance(node, ast.Assign) and node.value is made and isinstance(node.targets[0], ast.Name)
    }
    found = [node for node in ast.walk(module) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    return {node.attr for node in found if isinstance(node.value, ast.Name) and node.value.id in names}


def _text(node: ast.expr, constants: Mapping[str, ast.expr]) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value.decode("latin-1") if isinstance(node.value, bytes) else str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, constants) or "" for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _text(node.value, constants) or "name"
    if isinstance(node, ast.Name) and node.id in constants:
        return _text(constants[node.id], constants)
    return None


def _flags(call: ast.Call) -> int:
    names = {node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute)}
    flags = 0
    for name in names & {"MULTILINE", "DOTALL", "VERBOSE", "IGNORECASE"}:
        flags |= getattr(re, name)
    return flags


def in_grammars() -> Iterator[Pattern]:
    for name, row in tomli.loads((ROOT / "fim/code/grammars.toml").read_text("utf-8")).items():
        for key, value in row.items():
            if key.startswith("doc_") or key in ("private", "exported", "exported_name", "static", "value_expected"):
                yield Pattern(place=f"grammars.toml {name} {key}", text=value)
            elif key in ("before_expression", "cast", "no_type"):  # of these, only the start of a text is asked
                yield Pattern(place=f"grammars.toml {name} {key}", text=value, flags=re.VERBOSE, anchored=True)
            elif key == "blank":
                yield Pattern(place=f"grammars.toml {name} {key}", text=value, flags=re.VERBOSE | re.MULTILINE)


def in_syntax() -> Iterator[Pattern]:
    """Those that are put together from syntax.toml; of some, only the start of a text is asked."""
    for syntax in all_syntaxes().values():
        yield Pattern(place="syntax.toml, marks", text=syntax.mark.pattern)
        yield Pattern(place="syntax.toml, code", text=syntax.code.pattern, anchored=True)
        yield Pattern(place="syntax.toml, continues", text=syntax.continues, anchored=True)
        yield Pattern(place="syntax.toml, sections", text=syntax.sections, anchored=True)
        for literal in syntax.literals.values():
            yield Pattern(place="syntax.toml, literals", text=literal.end.pattern, flags=literal.end.flags & re.DOTALL)


def in_secrets() -> Iterator[Pattern]:
    """Every text of secrets.toml that is an expression: names of files and words to look for are none."""
    table = tomli.loads((ROOT / "server/workspace/secrets.toml").read_text("utf-8"))
    modules = (path.read_text("utf-8") for path in (ROOT / "server/workspace").glob("secret*.py"))
    engine = "re2" if any("import re2" in module for module in modules) else "re"
    for place, value in _strings(table, ""):
        if place.rpartition(".")[2] in ("pattern", "before", "begin", "end", "inside", "value", "name", "expression"):
            text = _filled(value, table.get("parts", {}))
            yield Pattern(place=f"secrets.toml {place}", text=text, engine=engine, flags=re.MULTILINE)


def _filled(text: str, parts: Mapping[str, str]) -> str:
    """An expression with the parts whose names stand in braces."""
    for name, part in parts.items():
        if f"{{{name}}}" in text:
            text = text.replace(f"{{{name}}}", _filled(part, parts))
    return text


def _strings(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings(inner, f"{place}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _strings(inner, f"{place}[{number}]")


def in_queries() -> Iterator[Pattern]:
    """Those of tree-sitter's queries, which its Python package puts to `re`."""
    for path in sorted((ROOT / "fim/code/queries").rglob("*.scm")):
        for found in re.finditer(r'#(?:any-)?(?:not-)?match\? @\w+ "((?:[^"\\]|\\.)*)"', path.read_text("utf-8")):
            text = found[1].encode().decode("unicode_escape")
            yield Pattern(place=path.relative_to(ROOT).as_posix(), text=text)


def hostile_units(pattern: Pattern) -> set[tuple[str, str, str]]:
    """What to try against an expression: a beginning, what is repeated after it, and an end that should not match."""
    assert pattern.text is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = parser.parse(pattern.text, pattern.flags)
        except re.error:  # what only the other engine reads
            tree = parser.parse("")
    units: set[tuple[str, str, str]] = set()
    whole = _sample(tree, "")
    for before, body in _repeats(tree, ""):
        pumps = {_sample(body, wanted) for wanted in ("", " ", "\n", "0", "&", "*", '"', "/", "\\", ".")}
        for pump in pumps:
            for end in ("", "\0", "\n!"):
                units.add((before, pump, end))
            units.add(("", before + pump, ""))
            units.add(("", before + pump + " ", "\0"))
        units.add(("", before, "\0"))
    literals = {chr(value) for operator, value in _nodes(tree) if operator is sre.LITERAL}
    units |= {("", literal, "\0") for literal in literals}
    units |= {("", whole, ""), ("", whole[:-1], ""), ("", whole[:-1] + " ", "\0")}
    return {unit for unit in units if unit[1]}


def _repeats(tree: Any, before: str) -> Iterator[tuple[str, Any]]:
    """Each part that may be repeated, and a text that leads to it."""
    for operator, value in tree:
        if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            yield before, value[2]
            yield from _repeats(value[2], before)
        else:
            for inner in _inner(operator, value):
                yield from _repeats(inner, before)
        before += _sample([(operator, value)], "")


def _nodes(tree: Any) -> Iterator[tuple[Any, Any]]:
    for operator, value in tree:
        yield operator, value
        for inner in _inner(operator, value):
            yield from _nodes(inner)


def _inner(operator: Any, value: Any) -> list[Any]:
    if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return [value[2]]
    if operator is sre.SUBPATTERN:
        return [value[-1]]
    if operator is sre.BRANCH:
        return list(value[1])
    if operator in (sre.ASSERT, sre.ASSERT_NOT):
        return [value[1]]
    return []


def _sample(tree: Any, wanted: str) -> str:
    """A text that the part matches, with the `wanted` character where it may be."""
    text = ""
    for operator, value in tree:
        if operator is sre.LITERAL:
            text += chr(value)
        elif operator in (sre.ANY, sre.NOT_LITERAL, sre.IN):
            text += _member(operator, value, wanted)
        elif operator in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            text += _sample(value[2], wanted) * max(1, min(value[0], 40))
        elif operator is sre.SUBPATTERN:
            text += _sample(value[-1], wanted)
        elif operator is sre.BRANCH:
            text += _sample(value[1][0], wanted)
    return text


def _member(operator: Any, value: Any, wanted: str) -> str:
    state = parser.State()
    one = parser.SubPattern(state, [(operator, value)])
    expression = re._compiler.compile(one) if hasattr(re, "_compiler") else _compile(one)  # type: ignore[attr-defined]
    return next((character for character in wanted + CHARACTERS if expression.match(character)), "a")


def _compile(part: Any) -> re.Pattern[str]:
    import sre_compile

    return sre_compile.compile(part)  # type: ignore[no-any-return]
