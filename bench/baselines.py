"""What else could stand in a prompt: nothing, windows that look alike, or the files that are imported, as they are.

Each baseline has `prompt(case, tokens) -> str` over one repository. What is not theirs is Seekline's own, so that only
the context differs: how much of a prompt other files may have, the windows around the cursor, and the header of a file.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest
from pathlib import Path
from typing import Protocol

from seekline import fim
from seekline.fim.code import grammar_of
from seekline.fim.context import header
from seekline.fim.resolve import resolver_named
from seekline.server.completion.prompt_config import PromptConfig

WINDOW_LINES = 60
STEP_LINES = 30
MOST_WINDOWS = 100  # many more than a prompt has room for
Window = tuple[str, int, int]
"""Path, first line, and how many names it has."""
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A cut line. `needs`: for each needed definition the lines of which any one shows it, stripped."""

    id: str
    root: Path
    language: str
    kind: str
    cut: str
    document: fim.Document
    cursor: fim.Cursor
    needs: tuple[frozenset[str], ...]


class Baseline(Protocol):
    """One way to fill the prompts of one repository."""

    def prompt(self, case: Case, tokens: int) -> str: ...


class NoContext:
    """The file under the cursor alone."""

    def __init__(self, prompting: PromptConfig, project: fim.Project) -> None:
        self.prompting = prompting
        self.project = project

    def prompt(self, case: Case, tokens: int) -> str:
        prompting = self.prompting
        budget = fim.share(
            tokens,
            control_tokens=prompting.format.control_tokens,
            suffix_limit_tokens=prompting.suffix_limit_tokens,
        )
        count = prompting.info.count_tokens
        room = fim.context_limit(case.document, case.cursor, budget, count)
        text, used = _filled(self.others(case), room, count)
        left = replace(budget, prefix_tokens=budget.prefix_tokens - used)
        return text + fim.build_prompt(case.document, case.cursor, prompting.format, left, count).text

    def others(self, case: Case) -> Iterable[tuple[str, Sequence[str]]]:
        """Paths and lines of other files, the best first."""
        return ()


class JaccardWindows(NoContext):
    """Windows of 60 lines of files with the same ending, by the Jaccard similarity of their names with those of the 60
    lines around the cursor, as Copilot's clients chose them."""

    def __init__(self, prompting: PromptConfig, project: fim.Project) -> None:
        super().__init__(prompting, project)
        self._known: dict[str, tuple[list[Window], dict[str, list[int]]]] = {}

    def _windows(self, ending: str) -> tuple[list[Window], dict[str, list[int]]]:
        """All windows of files with this ending, and for each name the numbers of the windows that have it."""
        if ending not in self._known:
            windows: list[Window] = []
            holders: dict[str, list[int]] = defaultdict(list)
            for path in self.project.paths:
                document = self.project.document(path) if path.endswith(ending) else None
                lines = document.lines if document else ()
                for first in range(0, len(lines), STEP_LINES):
                    names = set(_names(lines[first : first + WINDOW_LINES]))
                    for name in names:
                        holders[name].append(len(windows))
                    windows.append((path, first, len(names)))
            self._known[ending] = windows, holders
        return self._known[ending]

    def others(self, case: Case) -> Iterator[tuple[str, Sequence[str]]]:
        ending, line = Path(case.document.path).suffix, case.cursor.line
        around = case.document.lines[max(0, line - WINDOW_LINES // 2) : line + WINDOW_LINES // 2]
        windows, holders = self._windows(ending)
        near, shared = set(_names(around)), Counter[int]()
        for name in near:
            shared.update(holders.get(name, ()))

        def similarity(number: int) -> tuple[float, int]:
            return -shared[number] / (len(near) + windows[number][2] - shared[number]), number

        covered: dict[str, set[int]] = defaultdict(set)
        for number in nsmallest(MOST_WINDOWS, shared, key=similarity):
            path, first, _ = windows[number]
            if path == case.document.path or first in covered[path]:
                continue
            covered[path].update(range(first - WINDOW_LINES + 1, first + WINDOW_LINES))
            document = self.project.document(path)
            if document is not None:
                yield path, document.lines[first : first + WINDOW_LINES]


class ImportedFiles(NoContext):
    """The files that the file imports, whole, in the order of its imports; where it sees others without an import,
    those too."""

    def others(self, case: Case) -> Iterator[tuple[str, Sequence[str]]]:
        grammar = grammar_of(case.document.path, case.document.language)
        if grammar is None:
            return
        resolver, path = resolver_named(grammar.resolver), case.document.path
        found: dict[str, None] = {}
        for item in self.project.outline(path).imports:
            found.update(dict.fromkeys(resolver.modules(item.module, item.name, path, self.project)))
        found.update(dict.fromkeys(resolver.package(None, path, self.project)))
        for other in found:
            document = self.project.document(other) if other != path else None
            if document is not None:
                yield other, document.lines


BASELINES: dict[str, type[NoContext]] = {
    "no context": NoContext,
    "Jaccard windows": JaccardWindows,
    "imported files": ImportedFiles,
}


def _names(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield from _NAME.findall(line)


def _filled(others: Iterable[tuple[str, Sequence[str]]], room: int, count: fim.Count) -> tuple[str, int]:
    """What fits of the others, the best nearest to the cursor, and its tokens. The last that fits is cut."""
    parts: list[str] = []
    used = 0
    for path, lines in others:
        text = header(path, fim.language_of_path(path))
        used += count(text)
        if used >= room:
            used -= count(text)
            break
        for line in lines:
            used += count(line)
            if used > room:
                used -= count(line)
                break
            text += line
        else:
            parts.append(text if text.endswith("\n") else text + "\n")
            continue
        parts.append(text)
        break
    return "".join(reversed(parts)), used
