"""What is remembered of texts is remembered by the project: where it is gone, so are they."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import cache
from weakref import ref

from memory_project import MemoryProject
from seekline import fim
from seekline.fim.context import gather


class Line(str):
    """A line that can be watched: plain texts cannot be referred to weakly."""


class WatchedProject(MemoryProject):
    """Remembers each line that it has given, weakly."""

    def __init__(self, files: dict[str, str], recent: list[str]) -> None:
        super().__init__(files, recent)
        self.given: list[ref[Line]] = []
        self.document = cache(self.document)

    def document(self, path: str) -> fim.Document | None:
        document = super().document(path)
        if document is None:
            return None
        lines = tuple(map(Line, document.lines))
        self.given += map(ref, lines)
        return fim.Document(path=path, language=document.language, lines=lines)


def texts(folder: str) -> Iterator[tuple[str, str]]:
    for number in range(5):
        imports = f"from .module_{(number + 1) % 5} import of_{folder}_7\n"
        functions = [f"def of_{folder}_{n}(value): return of_{folder}_{n + number}(value.part)\n" for n in range(100)]
        yield f"{folder}/module_{number}.py", imports + "".join(functions)


def gather_everywhere(folder: str) -> list[ref[Line]]:
    """The lines that a project gave, which is gone when this returns."""
    files = dict(texts(folder))
    project = WatchedProject(files, recent=list(files)[:3])
    for path in files:
        document = project.document(path)
        assert document is not None
        context = gather(document, fim.Cursor(line=50, column=0), project, 3000, lambda text: len(text) // 4)
        assert context.parts
    return project.given


def test_no_line_of_a_project_outlives_it() -> None:
    given: list[ref[Line]] = []
    for folder in ("one", "two", "three"):
        given += gather_everywhere(folder)
    gc.collect()
    assert len(given) > 3 * 5 * 100
    assert [line() for line in given if line() is not None] == []
