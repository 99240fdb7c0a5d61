"""fim only computes: it reads no file, clock or environment, starts no thread or process, and prints and logs nothing.

What it may import is listed, since what is not listed could be anything.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from import_graph import ROOT, Module, all_modules, parse

FIM = [module for module in all_modules().values() if module.layer == "fim"]
PURE = {
    *("__future__", "abc", "bisect", "collections", "contextlib", "copy", "dataclasses", "difflib", "enum"),
    *("functools", "heapq", "itertools", "json", "keyword", "math", "operator", "re", "shlex", "string", "types"),
    *("typing", "typing_extensions", "unicodedata", "weakref"),
    *("re2", "tomli", "tree_sitter"),
    *("pathlib.PurePosixPath", "sys.getsizeof"),
}
# The tables and the grammars, which are parts of the packages, and the resolvers, which are parts of fim.
ALSO = {
    "fim/_data.py": {"pathlib.Path"},
    "fim/code/grammars.py": {"importlib.import_module"},
    "fim/resolve/__init__.py": {"importlib.import_module"},
}
BUILTINS = {"open", "print", "input", "breakpoint", "exec", "eval", "compile", "__import__", "exit", "quit", "help"}
# What files do, by whatever name they came.
METHODS = {
    *("exists", "iterdir", "mkdir", "read_bytes", "read_text", "rglob", "stat", "unlink", "write_bytes", "write_text"),
}


def impurities(module: Module) -> Iterator[str]:
    """What a module imports, calls or hands on that is no computation."""
    allowed = PURE | {"seekline.fim"} | ALSO.get(module.path, set())
    for each in module.imports:
        if not any(each.name == name or each.name.startswith(f"{name}.") for name in allowed):
            yield f"{module.path}:{each.line} imports {each.name}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and node.id in BUILTINS:
            yield f"{module.path}:{node.lineno} uses {node.id}"
        if isinstance(node, ast.Attribute) and node.attr in METHODS and module.path != "fim/_data.py":
            yield f"{module.path}:{node.lineno} uses .{node.attr}"


@pytest.mark.parametrize("module", FIM, ids=lambda module: module.path)
def test_fim_only_computes(module: Module) -> None:
    assert list(impurities(module)) == []


def test_every_file_of_fim_is_read() -> None:
    assert {module.path for module in FIM} == {path.relative_to(ROOT).as_posix() for path in ROOT.glob("fim/**/*.py")}
    assert len({module.path.rpartition("/")[0] for module in FIM}) >= 8


@pytest.mark.parametrize("path", ALSO)
def test_every_exception_is_needed(path: str) -> None:
    module = next(module for module in FIM if module.path == path)
    assert ALSO[path] <= {each.name for each in module.imports}


@pytest.mark.parametrize(
    "text",
    [
        "import os",
        "import os.path",
        "from os import environ",
        "import time",
        "from time import monotonic as now",
        "import datetime",
        "import threading",
        "from concurrent.futures import ThreadPoolExecutor",
        "import multiprocessing",
        "import subprocess",
        "import asyncio",
        "import socket",
        "import logging",
        "import sys",
        "import random",
        "import tempfile",
        "from pathlib import Path",
        "import pathlib",
        "from importlib import import_module",
        "from importlib import resources",
        "import some_library",
        "def f():\n    import time",
        "if TYPE_CHECKING:\n    from threading import Event",
        "import_module('time')",
        "with open('a') as file:\n    pass",
        "read = open",
        "print('here')",
        "name = input()",
        "exec('import os')",
        "text = folder.joinpath('a').read_text('utf-8')",
    ],
)
def test_what_is_no_computation_is_seen(text: str) -> None:
    assert len(list(impurities(parse("fim/context/names/new.py", text)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "import re\nfrom collections.abc import Mapping\nfrom pathlib import PurePosixPath",
        "from ...text import Document\nfrom .. import scope\nimport seekline.fim.text",
        "import tree_sitter\nexpression = re.compile('a')\nfound = expression.search(text)",
    ],
)
def test_computing_is_free(text: str) -> None:
    assert list(impurities(parse("fim/context/names/new.py", text))) == []
