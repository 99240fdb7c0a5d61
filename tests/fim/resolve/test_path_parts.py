import pytest
from seekline.fim.resolve.path_parts import folder_of, folders_up, join, nearest, shared_parts


def test_folders_up_end_with_the_root() -> None:
    assert list(folders_up("a/b")) == ["a/b", "a", ""]
    assert list(folders_up("")) == [""]
    assert (folder_of("a/b.py"), folder_of("b.py")) == ("a", "")


@pytest.mark.parametrize(("folder", "path", "whole"), [("a", "b", "a/b"), ("", "b", "b"), ("a", "", "a"), ("", "", "")])
def test_join(folder: str, path: str, whole: str) -> None:
    assert join(folder, path) == whole


@pytest.mark.parametrize(
    ("one", "other", "shared"), [("a/b/c.py", "a/b/d.py", 2), ("a.py", "b.py", 0), ("a/b", "a/b/c.py", 2)]
)
def test_shared_parts(one: str, other: str, shared: int) -> None:
    assert shared_parts(one, other) == shared_parts(other, one) == shared


def test_the_nearest_come_first_in_their_order_and_the_importer_last() -> None:
    paths = ["x/a.h", "a/b/c.h", "a/c.h", "y/a.h"]
    assert nearest(paths, "a/b/c.h") == ["a/c.h", "x/a.h", "y/a.h", "a/b/c.h"]
