import itertools
import random
from collections.abc import Mapping, Sequence, Set

from seekline.fim.context.order import dependency_order


def test_dependencies_come_first() -> None:
    assert dependency_order(["app", "db", "util"], {"app": {"db", "util"}, "db": {"util"}}) == ["util", "db", "app"]


def test_a_cycle_is_broken_where_fewest_dependencies_are_missing() -> None:
    # a and b import each other, b also c: c is free, then a and b have one each, and the first stays first.
    assert dependency_order(["a", "b", "c"], {"a": {"b"}, "b": {"a", "c"}}) == ["c", "a", "b"]
    assert dependency_order(["b", "a", "c"], {"a": {"b"}, "b": {"a", "c"}}) == ["c", "b", "a"]


def test_what_is_not_chosen_and_a_file_itself_do_not_count() -> None:
    assert dependency_order(["a", "b"], {"a": {"a", "elsewhere"}, "b": {"a"}}) == ["a", "b"]


def test_every_file_once_and_always_the_same() -> None:
    for edges in itertools.combinations(itertools.permutations("abcd", 2), 4):
        dependencies = {file: {b for a, b in edges if a == file} for file in "abcd"}
        order = dependency_order(list("abcd"), dependencies)
        assert sorted(order) == list("abcd")
        assert order == dependency_order(list("abcd"), dict(reversed(dependencies.items())))


def as_defined(files: Sequence[str], dependencies: Mapping[str, Set[str]]) -> list[str]:
    """Algorithm 1 word for word, in quadratic time."""
    waiting = {file: set(dependencies.get(file, ())) & set(files) - {file} for file in files}
    placed: list[str] = []
    while waiting:
        file = min(waiting, key=lambda file: len(waiting[file]))
        del waiting[file]
        for others in waiting.values():
            others.discard(file)
        placed.append(file)
    return placed


def test_the_order_is_as_defined() -> None:
    for seed in range(300):
        draw = random.Random(seed)
        files = [str(number) for number in range(draw.randrange(1, 12))]
        draw.shuffle(files)
        edges = [(draw.choice(files), draw.choice([*files, "elsewhere"])) for _ in range(draw.randrange(40))]
        dependencies = {file: {other for one, other in edges if one == file} for file in files}
        assert dependency_order(files, dependencies) == as_defined(files, dependencies)
