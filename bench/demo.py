"""What `make demo` shows: the embedded model completing real code, as an editor would show it.

First this repository's own code, in three languages: each scene cuts a line where a programmer might pause, asks for
the rest, and shows what the file has there; below it what the model says alone, without copies of the text at hand.
Then a small repository, in which the answer stands in another file.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import measure
from rich.console import Console
from rich.text import Text
from seekline import model
from seekline.server.cli.complete import shown, timing
from seekline.server.cli.place import Place, Projects, place_in
from seekline.server.completion.complete import generate
from seekline.server.completion.completion import Completion
from seekline.server.completion.contexts import Contexts
from seekline.server.completion.prompt_config import PromptConfig, prompt_config
from seekline.server.settings.settings import Settings

REPOSITORY = Path(__file__).resolve().parent.parent
# A file, and what is typed of it up to the cursor: most of what is shown is right, and in some places nothing is.
SCENES = [
    ("fim/text.py", "@dataclass(frozen="),
    ("fim/text.py", "    stretch = list(islice(left, _STRETC"),
    ("server/completion/cache.py", "        self._changes: Counter[str] = Count"),
    ("model/engines/worker.py", "    def close(self, timeo"),
    ("editors/vscode/extension.js", "  } catch (error"),
    ("editors/emacs/seekline.el", "    (with-current-buffer "),
    ("server/documents/positions.py", '    if encoding == "utf-32" or head.'),
    ("model/decoding/engine_core.py", "            if request.cancel.is_set() or self."),
]

# A repository of several files, the one that is being written, and what is typed of it so far: nothing stands below.
LIBRARY = REPOSITORY / "bench" / "demo_repository"
WRITTEN = ("library/desk.py", "from .members ")


class Demo:
    """The loaded model, and the workspaces that its prompts are made from."""

    def __init__(self, console: Console, engine: str = model.EMBEDDED) -> None:
        started = perf_counter()
        self.engine = measure.engine(engine)
        info = self.engine.info().result()
        self.config = prompt_config(info, Settings())
        self.alone = prompt_config(info, Settings(copies=False, least_probability=0.0))
        self.console = console
        self._projects = Projects(Settings())
        console.print(f"[dim]{info.summary}; loaded in {perf_counter() - started:.1f} s, torch included[/]\n")

    def complete(self, place: Place, config: PromptConfig) -> Completion:
        return generate(self._projects.snapshot(place), self.engine, config, Contexts(), explicit=False)

    def show(self, title: str, place: Place, rest: str, other: tuple[str, PromptConfig]) -> None:
        """The completion at a place, and what another way, by its name, would have shown."""
        completion = self.complete(place, self.config)
        self.console.rule(f"[dim]{title}[/]", align="left")
        self.console.print(shown(place, completion.text))
        verdict = _verdict(completion.text, rest)
        self.console.print(Text(f"  {timing(completion)}; {verdict}", style="dim"))
        name, config = other
        text = self.complete(place, config).text
        self.console.print(Text(f"  {name}: {text or 'nothing'}{' (right)' if text == rest else ''}\n", style="dim"))


def _verdict(text: str | None, rest: str) -> str:
    if text == rest:
        return "as the file has it"
    silent = "nothing is likely enough to be shown; " if text is None else ""
    return f"{silent}the file has {rest}"


def cut(root: Path, file: str, typed: str, *, below: bool = True) -> tuple[Place, str]:
    """The place after `typed`, the rest of its line taken away, and that rest; what is `below` may go too."""
    head, found, tail = (root / file).read_text("utf-8").partition(typed)
    if not found:
        sys.exit(f"demo: {file} no longer has {typed!r}")
    before = head + typed
    rest, _, following = tail.partition("\n")
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    place = place_in(str(root / file), line, column, before + "\n" + (following if below else ""))
    path = Path(file).as_posix()  # the demo's repository stands inside another, and is a workspace of its own
    return replace(place, document=replace(place.document, path=path), workspace=root), rest


def own_code(demo: Demo) -> None:
    for file, typed in SCENES:
        place, rest = cut(REPOSITORY, file, typed)
        title = f"{file}:{place.cursor.line + 1}:{place.cursor.column + 1}"
        demo.show(title, place, rest, ("the model alone", demo.alone))


def other_files(demo: Demo) -> None:
    """The same question with and without the files beside the one that is written."""
    file, typed = WRITTEN
    place, rest = cut(LIBRARY, file, typed, below=False)
    demo.console.print(
        f"[bold]The answer stands in another file.[/] {file} of bench/demo_repository is being written.\n"
    )
    without = replace(demo.config, copied_characters=0, least_probability=0.0)
    demo.show(f"{file}:{place.cursor.line + 1}:{place.cursor.column + 1}", place, rest, ("without them", without))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--engine", default=model.EMBEDDED, help="a model, or MODULE:FACTORY for an engine of one's own"
    )
    given = parser.parse_args()
    console = Console(highlight=False)
    console.print("[bold]Seekline[/] completes its own source code with the model it brings along.\n")
    demo = Demo(console, given.engine)
    own_code(demo)
    other_files(demo)
    how_to_go_on(console)


def how_to_go_on(console: Console) -> None:
    console.rule("[bold]How to go on[/]", align="left")
    console.print(
        "In your editor   editors/README.md: VS Code, Neovim, Helix, Emacs\n"
        "A real model     .venv/bin/seekline models list\n"
        "                 .venv/bin/seekline models download deepseek-coder-1.3b-base\n"
        "Your own code    .venv/bin/seekline eval\n"
        "Any file         .venv/bin/seekline complete FILE:LINE:COLUMN\n"
        "Its prompt       .venv/bin/seekline prompt FILE:LINE:COLUMN\n"
        "This machine     .venv/bin/seekline doctor"
    )


if __name__ == "__main__":
    main()
