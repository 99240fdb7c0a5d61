"""Writes the table of ARCHITECTURE.md that says which folder imports which.

python tests/arrows.py           writes the table
python tests/arrows.py --check   only says whether it is up to date; exit code 1 where it is not
"""

from __future__ import annotations

import sys
from collections import defaultdict

from import_graph import LAYERS, ROOT, Module, all_modules, module_of

ARCHITECTURE = ROOT / "ARCHITECTURE.md"
BEGIN, END = "<!-- arrows: written by tests/arrows.py -->\n", "<!-- end of arrows -->\n"
INTRODUCTION = """\
Which folder imports which, at run time or, where it says so, for a type checker only. `fim` and `model` are the names
that their `__init__` gives to others, `fim/*.py` and the like the files beside it."""
# Folders that are one to whoever looks from outside.
WHOLE = ("model/backends",)


def folder_of(module: Module) -> str:
    """The folder that a module counts to. A layer's `__init__` has its name, the files beside it are `fim/*.py`."""
    for folder in WHOLE:
        if module.path.startswith(f"{folder}/"):
            return folder
    folder, _, file = module.path.rpartition("/")
    return f"{folder}/*.py" if folder in LAYERS and file != "__init__.py" else folder


def arrows(*, types: bool) -> dict[str, set[str]]:
    """The other folders that each folder imports: at run time, or `types`: for a type checker only."""
    modules = all_modules()
    found: dict[str, set[str]] = {folder_of(module): set() for module in modules.values()}
    for module in modules.values():
        for each in module.imports:
            target = module_of(each.name, modules)
            if target is not None and (each.when == "types") == types:
                found[folder_of(module)].add(folder_of(modules[target]))
    return {folder: targets - {folder} for folder, targets in found.items()}


def table() -> str:
    at_run_time, for_types = arrows(types=False), arrows(types=True)
    imported_by: dict[str, set[str]] = defaultdict(set)
    for folder in at_run_time:
        for target in at_run_time[folder] | for_types[folder]:
            imported_by[target].add(folder)
    rows = [INTRODUCTION, "", "| folder | imports |", "| --- | --- |"]
    for folder in sorted(at_run_time):
        targets = [f"`{target}`" for target in sorted(at_run_time[folder])]
        targets += [f"`{target}` (types)" for target in sorted(for_types[folder] - at_run_time[folder])]
        if targets or imported_by[folder]:
            rows.append(f"| `{folder}` | {', '.join(targets) or 'none'} |")
    return "\n".join(rows) + "\n"


def architecture() -> str:
    """ARCHITECTURE.md with the table of now between its two marks."""
    before, _, rest = ARCHITECTURE.read_text("utf-8").partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        sys.exit(f"{ARCHITECTURE} lacks the marks {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}{table()}{END}{after}"


def main() -> None:
    wanted = architecture()
    if "--check" not in sys.argv[1:]:
        ARCHITECTURE.write_text(wanted, "utf-8", newline="\n")
    elif ARCHITECTURE.read_text("utf-8") != wanted:
        sys.exit(f"{ARCHITECTURE} is out of date: run python tests/arrows.py")


if __name__ == "__main__":
    main()
