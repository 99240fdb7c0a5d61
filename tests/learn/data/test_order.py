"""The order of a repository's files: Algorithm 1 of arXiv:2401.14196."""

from __future__ import annotations

import random

from seekline.learn.data.order import topological_order


def test_each_part_comes_for_itself_with_dependencies_first() -> None:
    imports = {"app": {"db", "util"}, "db": {"util"}, "page": {"style", "not chosen"}}
    assert topological_order(["app", "db", "page", "style", "util"], imports) == [
        ["util", "db", "app"],
        ["style", "page"],
    ]


def test_cycles_come_out_the_same_way_whatever_the_order_of_the_imports() -> None:
    paths = ["a", "b", "c", "d"]
    edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]
    results = set()
    for seed in range(20):
        random.Random(seed).shuffle(edges)
        imports: dict[str, set[str]] = {}
        for one, other in edges:
            imports.setdefault(one, set()).add(other)
        results.add(tuple(map(tuple, topological_order(paths, imports))))
    assert results == {(("d", "a", "c", "b"),)} or len(results) == 1


def test_many_files_take_no_quadratic_time() -> None:
    """Quadratic, this would take minutes."""
    paths = [f"{number:06}" for number in range(30_000)]
    imports = {path: {paths[number // 2], paths[number // 3]} for number, path in enumerate(paths)}
    parts = topological_order(paths, imports)
    places = {path: place for place, path in enumerate(parts[0])}
    assert len(parts) == 1
    assert all(places[paths[number // 2]] < places[path] for number, path in enumerate(paths) if number)
