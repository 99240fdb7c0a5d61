from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from marked import place
from project_files import project, workspace, write
from seekline import fim
from seekline.model import Cancelled
from seekline.server.completion.contexts import Contexts
from seekline.server.workspace import Workspace

CODE = "from shapes import Circle\n\n\ndef area(circle: Circle) -> float:\n    return circle.▮\n"
SHAPES = "class Circle:\n    def surface(self) -> float:\n        return 3.0\n"


def gather(contexts: Contexts, space: Workspace, root: Path, code: str = CODE, name: str = "main.py") -> fim.Context:
    return contexts.gather(*place(code, name), project(space, root, name), 500, len)


def test_the_context_stays_while_a_line_is_typed(tmp_path: Path) -> None:
    space = workspace(write(tmp_path, {"main.py": "", "shapes.py": SHAPES}))
    contexts = Contexts()
    first = gather(contexts, space, tmp_path)
    assert [part.path for part in first.parts] == ["shapes.py"]
    assert gather(contexts, space, tmp_path, CODE.replace("▮", "sur▮")).parts is first.parts


def test_a_file_that_comes_or_goes_is_noticed(tmp_path: Path) -> None:
    space = workspace(write(tmp_path, {"main.py": ""}))
    contexts = Contexts()
    assert gather(contexts, space, tmp_path).parts == ()
    write(tmp_path, {"shapes.py": SHAPES})
    space.changed(tmp_path / "shapes.py", "created")
    assert [part.path for part in gather(contexts, space, tmp_path).parts] == ["shapes.py"]
    (tmp_path / "shapes.py").unlink()
    space.changed(tmp_path / "shapes.py", "deleted")
    assert gather(contexts, space, tmp_path).parts == ()


def test_documents_and_roots_do_not_mix(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one", {"main.py": "", "shapes.py": SHAPES}), write(tmp_path / "two", {"main.py": ""})
    space, contexts = workspace(one, two), Contexts()
    assert gather(contexts, space, one).parts
    assert gather(contexts, space, two).parts == ()
    assert gather(contexts, space, one, "x = ▮\n", "other.py").parts == ()
    assert gather(contexts, space, one).parts


def test_only_the_latest_documents_are_kept(tmp_path: Path) -> None:
    space = workspace(write(tmp_path, {"shapes.py": SHAPES}))
    contexts = Contexts()
    for number in range(50):
        gather(contexts, space, tmp_path, name=f"file{number}.py")
    assert len(contexts._latest) == 32


def test_a_document_that_was_closed_is_forgotten(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one", {"shapes.py": SHAPES}), write(tmp_path / "two", {"shapes.py": SHAPES})
    space, contexts = workspace(one, two), Contexts()
    for root in (one, two):
        gather(contexts, space, root)
    gather(contexts, space, one, name="other.py")
    contexts.forget("main.py")
    assert list(contexts._latest) == ["other.py"]


def test_nobody_waits_any_more(tmp_path: Path) -> None:
    """It ends at the next file or candidate, wherever that is, and leaves what the next one needs."""
    files = {f"shapes{number}.py": SHAPES.replace("Circle", f"Circle{number}") for number in range(5)}
    space = workspace(write(tmp_path, {"main.py": "", "shapes.py": SHAPES, **files}))
    imports = "".join(f"from shapes{number} import Circle{number}\n" for number in range(5))
    code = CODE.replace("\n\n\n", f"\n{imports}\n\n", 1)
    looks: list[str] = []
    gather(Contexts(), space, tmp_path, code)  # what is known of files from here on is not asked for again
    fresh = Contexts().gather(*place(code), project(space, tmp_path), 500, len, lambda: looks.append("next"))
    assert len(looks) > 12, "for each file, and for each candidate"
    for last in range(len(looks)):
        contexts = Contexts()
        known = gather(contexts, space, tmp_path, "x = ▮\n")
        asked = count()

        def stop() -> None:
            if next(asked) == last:  # noqa: B023 - called before the next round
                raise Cancelled

        with pytest.raises(Cancelled):
            contexts.gather(*place(code), project(space, tmp_path), 500, len, stop)
        assert next(asked) == last + 1, "nothing was looked at after it"
        assert [context for _, context in contexts._latest.values()] == [known]
    assert gather(Contexts(), space, tmp_path, code) == fresh
