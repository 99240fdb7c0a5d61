"""No module needs itself: neither what runs nor what a type checker reads goes in a circle.

An import within a function counts as one that runs: it hides a circle, and does not break it.
"""

from __future__ import annotations

import pytest
from import_graph import Module, all_modules, find_circle, graph, parse, without

# Imports for types that close a circle, and why they are still there. One that is not needed any more fails a test.
STILL_CLOSED_BY: dict[tuple[str, str], str] = {}
MODULES = all_modules()


def named(*modules: Module) -> dict[str, Module]:
    return {module.name: module for module in modules}


def test_no_circle_runs() -> None:
    assert find_circle(graph(MODULES, with_types=False)) is None


def test_no_circle_is_of_types() -> None:
    assert find_circle(without(graph(MODULES, with_types=True), STILL_CLOSED_BY)) is None


def test_every_exception_is_needed() -> None:
    """One that is not is to be taken from `STILL_CLOSED_BY`."""
    edges = graph(MODULES, with_types=True)
    for importer, imported in STILL_CLOSED_BY:
        assert imported in edges.get(importer, ()), f"{importer} does not import {imported} any more"
        others = [other for other in STILL_CLOSED_BY if other != (importer, imported)]
        assert find_circle(without(edges, others)) is not None, f"{importer} may import {imported}"


@pytest.mark.parametrize(
    "back",
    [
        "from .one import A",
        "from . import one",
        "import seekline.fim.one",
        "def f():\n    from .one import A",
        "class B:\n    def f(self):\n        import seekline.fim.one as one",
        "if TYPE_CHECKING:\n    pass\nelse:\n    from .one import A",
    ],
)
def test_a_circle_that_runs_is_seen(back: str) -> None:
    one = parse("fim/one.py", "from .two import B")
    two = parse("fim/two.py", "from .three import C")
    modules = named(one, two, parse("fim/three.py", back))
    assert find_circle(graph(named(one, two), with_types=True)) is None
    circle = find_circle(graph(modules, with_types=False))
    assert circle is not None
    assert circle[0] == circle[-1]
    assert set(circle) == set(modules)


def test_a_circle_of_types_is_seen() -> None:
    modules = named(
        parse("fim/one.py", "from .two import B"),
        parse("fim/two.py", "if TYPE_CHECKING:\n    from .one import A\n"),
    )
    assert find_circle(graph(modules, with_types=False)) is None
    assert find_circle(graph(modules, with_types=True)) == ["seekline.fim.one", "seekline.fim.two", "seekline.fim.one"]


def test_a_package_that_its_own_module_needs_is_seen() -> None:
    modules = named(
        parse("fim/parts/__init__.py", "from .one import A\nLIMIT = 3"),
        parse("fim/parts/one.py", "from . import LIMIT"),
    )
    assert find_circle(graph(modules, with_types=False)) is not None
