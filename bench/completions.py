"""The embedded model's completion of the cut lines, with the context of other files and without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from statistics import fmean

import measure
from baselines import Case
from rich.console import Console
from rich.progress import track
from rich.table import Table
from seekline import model
from seekline.server.completion.complete import generate
from seekline.server.completion.contexts import Contexts
from seekline.server.completion.prompt_config import prompt_config
from seekline.server.completion.snapshot import Snapshot
from seekline.server.settings.config import merge
from seekline.server.workspace import Workspace


class Model:
    """The embedded model, and the workspaces of the cases."""

    def __init__(self) -> None:
        settings = merge([]).settings
        self._engine = measure.engine(model.EMBEDDED)
        self._config = prompt_config(self._engine.info().result(), settings)
        self._exclude = settings.exclude
        self._workspaces: dict[Path, Workspace] = {}

    def line(self, case: Case, *, context: bool) -> str:
        """The rest of the line as the model completes it."""
        if case.root not in self._workspaces:
            self._workspaces = {case.root: Workspace([case.root], self._exclude)}
        project = self._workspaces[case.root].project_of(case.root / case.document.path, case.document.lines)
        completion = generate(
            Snapshot(document=case.document, cursor=case.cursor, project=project),
            self._engine,
            replace(self._config, other_files=context),
            Contexts(),
            explicit=True,
        )
        lines = (completion.text or "").splitlines()
        return lines[0] if lines else ""


def figures(pairs: Sequence[tuple[str, str]]) -> dict[str, float]:
    """Exact match and edit similarity (difflib's ratio) of lines and completions, in per cent."""
    exact = [line.strip() == cut.strip() for line, cut in pairs]
    alike = [SequenceMatcher(None, line.strip(), cut.strip(), autojunk=False).ratio() for line, cut in pairs]
    return {"exact": round(100 * fmean(exact), 1), "similarity": round(100 * fmean(alike), 1)}


def report(cases: Sequence[Case], limit: int) -> dict:
    """A table by language: up to `limit` cases of each, evenly spread."""
    writer, rows = Model(), []
    table = Table(title="the embedded model's line, per cent", title_justify="left", box=None, header_style="bold")
    for column in ("language", "cases", "exact: without", "with context", "similarity: without", "with context"):
        table.add_column(column, justify="left" if column == "language" else "right")
    for language in dict.fromkeys(case.language for case in cases):
        own = [case for case in cases if case.language == language]
        own = own[:: max(1, -(-len(own) // limit))]
        found: dict[bool, list[tuple[str, str]]] = {False: [], True: []}
        for case in track(own, language, transient=True):
            for context, pairs in found.items():
                pairs.append((writer.line(case, context=context), case.cut))
        without, given = figures(found[False]), figures(found[True])
        rows.append({"language": language, "cases": len(own), "without": without, "with": given})
        shown = (without["exact"], given["exact"], without["similarity"], given["similarity"])
        table.add_row(language, str(len(own)), *map(str, shown))
    Console().print(table)
    return {"completions": rows}
