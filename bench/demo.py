"""What `make demo` shows: the embedded model completing this repository's own code, as an editor would show it.

Each scene cuts a real line where a programmer might pause, asks for the rest, and shows what the file has there.
"""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Event
from time import perf_counter

from rich.console import Console
from rich.text import Text
from seekline import fim, model
from seekline.server import pipeline
from seekline.server.cli.complete import shown, timing
from seekline.server.cli.place import Place
from seekline.server.settings import Settings

REPOSITORY = Path(__file__).resolve().parent.parent
# A file, and what is typed of it up to the cursor: places where this small model is right, and some where it is not.
SCENES = [
    ("fim/text.py", "@dataclass(frozen="),
    ("server/positions.py", '    if encoding == "utf-32" or head.'),
    ("fim/stop.py", "    for number, line in enumerate("),
    ("server/documents.py", "        if change.start is None or change."),
    ("model/worker.py", "        with suppress(InvalidStateError):\n            job.future.set_"),
    ("model/engine.py", "                if cancel.is_set() or request != self."),
]


def scene(file: str, typed: str) -> tuple[Place, str]:
    """The place after `typed`, the rest of its line taken away, and that rest."""
    text = (REPOSITORY / file).read_text("utf-8")
    head, found, tail = text.partition(typed)
    if not found:
        sys.exit(f"demo: {file} no longer has {typed!r}")
    rest, _, below = tail.partition("\n")
    before = head + typed
    cursor = fim.Cursor(line=before.count("\n"), column=len(before.rpartition("\n")[2]))
    lines = tuple(fim.split_lines(before + "\n" + below))
    document = fim.Document(path=file, language=fim.language_of_path(file), lines=lines)
    return Place(document=document, cursor=cursor, workspace=REPOSITORY), rest


def main() -> None:
    console = Console(highlight=False)
    console.print("[bold]Seekline[/] completes its own source code with the model it brings along.\n")
    started = perf_counter()
    plan = model.make_plan(model.Wanted(model=model.EMBEDDED, device="cpu"), base=REPOSITORY)
    loaded = model.load_model(plan, threads=model.compute_threads())
    console.print(f"[dim]{plan.summary}; loaded in {perf_counter() - started:.1f} s, torch included[/]\n")
    how = pipeline.prompting(plan, loaded.tokenizer, Settings())
    for file, typed in SCENES:
        place, rest = scene(file, typed)
        completion = pipeline.generate(
            place.document, place.cursor, loaded, how, temperature=0, explicit=False, cancel=Event()
        )
        console.rule(f"[dim]{file}:{place.cursor.line + 1}:{place.cursor.column + 1}[/]", align="left")
        console.print(shown(place, completion.text))
        verdict = "as the file has it" if completion.text == rest else f"the file has {rest}"
        console.print(Text(f"  {timing(completion)}; {verdict}\n", style="dim"))
    how_to_go_on(console)


def how_to_go_on(console: Console) -> None:
    console.rule("[bold]How to go on[/]", align="left")
    console.print(
        "In your editor   editors/README.md: VS Code, Neovim, Helix, Emacs\n"
        "A real model     .venv/bin/seekline models list\n"
        "                 .venv/bin/seekline models download deepseek-coder-1.3b-base\n"
        "Any file         .venv/bin/seekline complete FILE:LINE:COLUMN\n"
        "This machine     .venv/bin/seekline doctor"
    )


if __name__ == "__main__":
    main()
