"""A workspace of 10,000 files: the first prompt after a start, what one keystroke costs the index, and its memory; and
what copies cost there and in a file of 20,000 lines.

Prompts and copies are measured in a process each, whose grammars and index know nothing yet.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter

import psutil
from seekline import fim
from seekline.server.completion.contexts import Contexts
from seekline.server.completion.prompt_config import PromptConfig, prompt_config
from seekline.server.completion.prompts import build_prompt
from seekline.server.completion.snapshot import Snapshot
from seekline.server.settings.config import merge
from seekline.server.workspace import Buffers, Workspace

PACKAGES = 100
MODULES = 100
KEYS = 200
TOKENS = 2048

_MODULE = '''"""Module {number} of package {package}."""

from __future__ import annotations

from dataclasses import dataclass

from {other}.module_{a} import Thing{a}, make_thing_{a}
from {next}.module_{b} import Thing{b}, make_thing_{b}
from . import module_{c}


@dataclass
class Thing{number}(Thing{a}):
    """A thing that counts to {number}."""

    name: str
    size: int = {number}

    def total_{number}(self, others: list[Thing{b}]) -> int:
        """All sizes together."""
        found = make_thing_{a}(self.name)
        return self.size + sum(other.size for other in others) + found.size

    def describe_{number}(self, prefix: str = "") -> str:
        return f"{{prefix}}{{self.name}} of {{self.size}}"


def make_thing_{number}(name: str, *, size: int = {number}) -> Thing{number}:
    """A thing with a name."""
    helper = module_{c}.Thing{c}(name=name, size=size)
    return Thing{number}(name=helper.name, size=helper.size)


def join_{number}(things: list[Thing{number}]) -> str:
    parts = []
    for thing in things:
        parts.append(thing.describe_{number}())
    return ", ".join(parts)
'''


def generate(root: Path) -> None:
    """Writes the workspace: packages of modules that import each other."""
    for package in range(PACKAGES):
        folder = root / f"package_{package}"
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        for number in range(MODULES - 1):
            a, b, c = (number * 7 + package) % 99, (number * 3 + 1) % 99, (number + 1) % 99
            other, following = f"package_{(package * 3 + number) % PACKAGES}", f"package_{(package + 1) % PACKAGES}"
            text = _MODULE.format(number=number, package=package, other=other, next=following, a=a, b=b, c=c)
            (folder / f"module_{number}.py").write_text(text)


class Editor:
    """One file of the workspace, open and being typed in."""

    def __init__(self, root: Path, config: PromptConfig) -> None:
        self.path = root / "package_50" / "module_50.py"
        self.config = replace(config, prompt_tokens=TOKENS)
        self.lines = tuple(fim.split_lines(self.path.read_text("utf-8")))
        self.line = next(n for n, line in enumerate(self.lines) if "helper = " in line)
        self.buffers = Buffers()
        self.workspace = Workspace([root], merge([]).settings.exclude, self.buffers)
        self.contexts = Contexts()
        self.buffers.opened(self.path, lambda: self.lines, "python")

    def type(self, column: int) -> float:
        """Cuts the line at `column`; milliseconds until the index knows."""
        text = "    helper = module_51.Thing51(name=name, size=size)"[:column]
        self.lines = (*self.lines[: self.line], text + "\n", *self.lines[self.line + 1 :])
        started = perf_counter()
        self.buffers.edited(self.path)
        self.workspace.project_of(self.path).outline("package_50/module_50.py")
        return 1000 * (perf_counter() - started)

    def snapshot(self) -> Snapshot:
        """At the end of the line that is being typed."""
        path = f"{self.path.parent.name}/{self.path.name}"
        document = fim.Document(path=path, language=fim.language_of_path(path), lines=self.lines)
        cursor = fim.Cursor(line=self.line, column=len(document.line(self.line)))
        return Snapshot(document=document, cursor=cursor, project=self.workspace.project_of(self.path))

    def prompt(self) -> float:
        """Milliseconds of one prompt."""
        started = perf_counter()
        build_prompt(self.snapshot(), self.config, self.contexts)
        return 1000 * (perf_counter() - started)


def measure_in(root: Path, config: PromptConfig) -> dict[str, float]:
    """All measures of one process."""
    process = psutil.Process()
    gc.collect()
    before = process.memory_info().rss
    editor = Editor(root, config)
    first = editor.prompt()
    listed = process.memory_info().rss
    keys = [(editor.type(12 + number % 36), editor.prompt()) for number in range(KEYS)]
    updates, prompts = sorted(update for update, _ in keys), sorted(took for _, took in keys)
    project = editor.workspace.project_of(editor.path)
    for path in list(project.paths):
        project.outline(path)
    del project
    gc.collect()
    return {
        "files": len(editor.workspace.project_of(editor.path).paths),
        "first_prompt_ms": first,
        "key_update_ms_p50": median(updates),
        "key_update_ms_p99": updates[int(0.99 * KEYS)],
        "key_prompt_ms_p50": median(prompts),
        "key_prompt_ms_p99": prompts[int(0.99 * KEYS)],
        "memory_listed_mb": (listed - before) / 1e6,
        "memory_all_read_mb": (process.memory_info().rss - before) / 1e6,
    }


def report(config: PromptConfig) -> dict:
    """The measures of fresh processes, printed."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        generate(root)
        found: dict[str, float] = {}
        for program in ("scale.py", "scale_copies.py"):
            command = [sys.executable, str(Path(__file__).with_name(program)), str(root), config.info.name]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found |= {name: round(value, 2) for name, value in json.loads(done.stdout).items()}
    for name, value in found.items():
        print(f"{name.replace('_', ' '):36} {value}")
    return {"scale": found}


def main() -> None:
    from seekline import model

    root, tokenizer = map(Path, sys.argv[1:])
    config = prompt_config(model.info_of_tokenizer(model.Tokenizer(tokenizer)), merge([]).settings)
    print(json.dumps(measure_in(root, config)))


if __name__ == "__main__":
    main()
