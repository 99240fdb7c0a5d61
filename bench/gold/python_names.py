"""Where the names of a Python line are defined, by jedi: what bench/cases.py asks for Python, in a process of its own.

Reads JSON lines {"file", "lines"} and answers each with
{"LINE": [{"name", "column", "kind", "places": [[path, line]]}]}: the names that are defined in other files of the
repository only. Lines count from 1, columns from 0.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

jedi: Any = importlib.import_module("jedi")  # lies in an environment of its own, see `tools.py`
parso: Any = importlib.import_module("parso")

KINDS = {"class", "function", "property", "statement", "instance"}


class Finder:
    """Answers for one repository."""

    def __init__(self, root: Path) -> None:
        self.root = root
        added = [str(path) for path in (root / "src", root / "lib", root) if path.is_dir()]
        self.project = jedi.Project(str(root), added_sys_path=added)

    def answer(self, file: str, lines: list[int]) -> dict[int, list[dict[str, Any]]]:
        path, wanted = self.root / file, set(lines)
        script = jedi.Script(path.read_text("utf-8"), path=str(path), project=self.project)
        found: dict[int, list[dict[str, Any]]] = {}
        for name in script.get_names(all_scopes=True, definitions=True, references=True):
            if name.line in wanted and (need := self.need(name, path)):
                found.setdefault(name.line, []).append(need)
        return found

    def need(self, name: Any, path: Path) -> dict[str, Any] | None:
        leaf = name._name.tree_name
        if parso.tree.search_ancestor(leaf, "import_name", "import_from") or name.is_definition():
            return None
        try:
            definitions = name.goto(follow_imports=True)
        except Exception as error:  # noqa: BLE001 (jedi fails on odd code with many a type; one name is lost)
            print(f"jedi: {error!r}", file=sys.stderr)
            return None
        places = []
        for definition in definitions:
            where = definition.module_path
            if definition.type not in KINDS or definition.line is None or where in (None, path):
                return None
            if not where.is_relative_to(self.root):
                return None
            places.append([where.relative_to(self.root).as_posix(), definition.line])
        if not places:
            return None
        kind = _kind(definitions[0])
        return {"name": name.name, "column": name.column, "kind": kind, "places": places} if kind else None


def _kind(definition: Any) -> str | None:
    if definition.type != "statement":
        return definition.type
    leaf = definition._name.tree_name
    if leaf is None:
        return None
    if leaf.parent is not None and leaf.parent.type == "trailer":
        return "attribute"
    return None if parso.tree.search_ancestor(leaf, "funcdef", "lambdef") else "variable"


def main() -> None:
    finder = Finder(Path(sys.argv[1]).resolve())
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(finder.answer(asked["file"], asked["lines"])), flush=True)


if __name__ == "__main__":
    main()
