"""Which module of Seekline imports which, as the sources say. Nothing is imported to find out.

Knows no rule: what may import what is said where it is checked.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[1]
LAYERS = ("fim", "learn", "model", "server")
When = Literal["import", "call", "types"]
"""`import`: when the module is imported; `call`: when a function is called; `types`: for a type checker only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What is imported, absolute, with the name that is taken from a module: `seekline.fim.text.Document`."""

    name: str
    line: int
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One file. `name`: as it is imported, `seekline.fim.text`; `path`: from the repository, with forward slashes.

    `imports`: all of them, wherever they stand, and those of a name by `import_module`.
    """

    name: str
    path: str
    tree: ast.Module
    imports: tuple[Import, ...]

    @property
    def layer(self) -> str:
        return self.path.partition("/")[0]


def parse(path: str, text: str) -> Module:
    """A module of a text; `path` as in `Module`."""
    parts = ["seekline", *path.removesuffix(".py").split("/")]
    package = parts[:-1]
    if parts[-1] == "__init__":
        parts = package
    tree = ast.parse(text)
    return Module(name=".".join(parts), path=path, tree=tree, imports=tuple(_imports(tree, package, "import")))


@cache
def all_modules() -> Mapping[str, Module]:
    """Every Python file below the layers' folders, by name."""
    found: dict[str, Module] = {}
    for layer in LAYERS:
        for file in sorted((ROOT / layer).rglob("*.py")):
            module = parse(file.relative_to(ROOT).as_posix(), file.read_text("utf-8"))
            found[module.name] = module
    return found


def _imports(node: ast.AST, package: list[str], when: When) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(name=alias.name, line=node.lineno, when=when)
    elif isinstance(node, ast.ImportFrom):
        base = package[: len(package) + 1 - node.level] if node.level else []
        own = node.module.split(".") if node.module else []
        for alias in node.names:
            yield Import(name=".".join([*base, *own, alias.name]), line=node.lineno, when=when)
    elif isinstance(node, ast.Call):
        yield from _dynamic(node, package, when)
    for field, value in ast.iter_fields(node):
        inside = when
        if isinstance(node, ast.If) and field == "body" and _is_for_types(node.test):
            inside = "types"
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and field == "body":
            inside = "call" if when == "import" else when
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _imports(child, package, inside)


def _dynamic(call: ast.Call, package: list[str], when: When) -> Iterator[Import]:
    """What `import_module("a.b")` or `__import__("a.b")` imports, where the name stands there."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if called not in ("import_module", "__import__") or not call.args or not isinstance(call.args[0], ast.Constant):
        return
    name = str(call.args[0].value)
    level = len(name) - len(name.lstrip("."))
    base = package[: len(package) + 1 - level] if level else []
    yield Import(name=".".join([*base, name.lstrip(".")]), line=call.lineno, when=when)


def _is_for_types(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def module_of(name: str, known: Collection[str]) -> str | None:
    """The module among `known` that has an imported name, or that is it; None of a module of others."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or None


def graph(modules: Mapping[str, Module], *, with_types: bool) -> dict[str, set[str]]:
    """The modules that each module imports, those that only a type checker sees where they are wanted, too."""
    found: dict[str, set[str]] = {name: set() for name in modules}
    for module in modules.values():
        for each in module.imports:
            target = module_of(each.name, modules)
            if target is not None and (with_types or each.when != "types"):
                found[module.name].add(target)
    return found


def without(edges: Mapping[str, set[str]], left_out: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """A graph without some of its edges."""
    found = {name: set(targets) for name, targets in edges.items()}
    for importer, imported in left_out:
        found.get(importer, set()).discard(imported)
    return found


def find_circle(edges: Mapping[str, set[str]]) -> list[str] | None:
    """One circle of a graph, each importing the next and the last being the first again."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle[::-1]
    return None
