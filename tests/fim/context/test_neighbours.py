"""The words of neighbouring files: how often a name stands close to others."""

import pytest
from marked import place
from memory_project import MemoryProject
from seekline.fim.context.neighbours import read_neighbours

OTHER = "msg = pack(header)\nsend(msg)\n\n\n\n\nlog(done)\n"


def test_a_name_is_likelier_where_its_companions_stand() -> None:
    document, _ = place("header▮\n", "a/main.py")
    neighbours = read_neighbours(document, MemoryProject({"a/one.py": OTHER, "a/two.py": OTHER}))
    found = neighbours.used_with({"header": 1.0, "done": 0.5, "unheard": 1.0})
    assert found["send"] == pytest.approx(2 / (2 + 2))
    assert found["log"] == pytest.approx(0.5 * 2 / (2 + 2))
    assert "unheard" not in found


def test_without_neighbours_nothing_is_known() -> None:
    document, _ = place("header▮\n", "a/main.py")
    assert read_neighbours(document, MemoryProject({})).used_with({"header": 1.0}) == {}
