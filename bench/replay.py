"""What a KV cache can keep while someone types: `python bench/replay.py [FILE ...] [--tokens 2048] [--write NAME]`.

The last lines of a real file are typed key by key, with the rest of its repository around it. For each keystroke: how
many tokens of the prompt are the same, from its head on, as in the prompt before, and how long the context took.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import Any

import numpy
from measure import save
from rich.console import Console
from rich.table import Table
from seekline import fim, model
from seekline.server.completion.contexts import Contexts
from seekline.server.completion.prompt_config import PromptConfig, prompt_config
from seekline.server.completion.prompts import build_prompt
from seekline.server.completion.snapshot import Snapshot
from seekline.server.settings.settings import Settings
from seekline.server.workspace import Workspace

REPOSITORY = Path(__file__).resolve().parent.parent
FILES = ("server/session.py", "server/cli/models.py", "fim/prompt/budget.py", "model/loading/plan.py")


def keystrokes(lines: list[str], first: int, end: int) -> Iterator[tuple[tuple[str, ...], fim.Cursor]]:
    """The document and the cursor after each key, as lines `first` to `end` are typed; what follows stands there."""
    above, below = tuple(lines[:first]), tuple(lines[end:])
    typed = "".join(lines[first:end])
    for count in range(1, len(typed) + 1):
        written = fim.split_lines(typed[:count])
        last = written.pop() if not typed[:count].endswith("\n") else ""
        cursor = fim.Cursor(line=first + len(written), column=len(last))
        yield (*above, *written, last + "\n", *below), cursor


def replay(file: Path, root: Path, config: PromptConfig, typed_lines: int) -> dict[str, float]:
    """Types lines in the middle of a file; shares are of all tokens of all prompts."""
    lines = fim.split_lines(file.read_text("utf-8"))
    typed_lines = min(typed_lines, len(lines) * 2 // 3)
    first = (len(lines) - typed_lines) // 2
    workspace, contexts = Workspace([root], Settings().exclude), Timed()
    path = workspace.relative_path(file)
    tokens = kept = changed = keys = 0
    before: tuple[int, ...] = ()
    gather_ms: list[float] = []
    seen = ""
    for text, cursor in keystrokes(lines, first, first + typed_lines):
        document = fim.Document(path=path, language=fim.language_of_path(path), lines=text)
        snapshot = Snapshot(document=document, cursor=cursor, project=workspace.project_of(file))
        built = build_prompt(snapshot, config, contexts)
        prompt, ids = built.prompt, built.ids
        context = prompt.prefix[: sum(len(part.text) for part in prompt.parts)]
        if before:
            same = next((n for n, pair in enumerate(zip(before, ids, strict=False)) if pair[0] != pair[1]), None)
            kept += min(len(before), len(ids)) if same is None else same
            tokens += len(ids)
            changed += context != seen
            keys += 1
            gather_ms.append(contexts.gather_ms)
        before, seen = ids, context
    p50, p99 = numpy.percentile(gather_ms, (50, 99)).tolist()
    return {
        "keys": keys,
        "tokens": tokens / keys,
        "kept": kept / tokens,
        "changes": changed / typed_lines,
        "gather_p50_ms": p50,
        "gather_p99_ms": p99,
    }


class Timed(Contexts):
    """Contexts that remember how long the last gathering took."""

    gather_ms = 0.0

    def gather(self, *args: Any, **kwargs: Any) -> fim.Context:
        started = perf_counter()
        found = super().gather(*args, **kwargs)
        self.gather_ms = 1000 * (perf_counter() - started)
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, default=[REPOSITORY / file for file in FILES])
    parser.add_argument("--root", type=Path, default=REPOSITORY)
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--lines", type=int, default=200)
    parser.add_argument("--tokenizer", type=Path, default=None, help="a folder; default: the embedded model's")
    parser.add_argument("--write", metavar="NAME", help="also write bench/results/NAME.json")
    given = parser.parse_args()
    embedded = model.make_plan(model.ModelRequest(model=model.EMBEDDED, device="cpu"), base=REPOSITORY).source.path
    config = prompt_config(model.info_of_tokenizer(model.Tokenizer(given.tokenizer or embedded)), Settings())
    config = replace(config, prompt_tokens=given.tokens)
    table = Table("file", "keys", "tokens a prompt", "kept", "new contexts a line", "gather p50, p99 ms", box=None)
    rows = {}
    for file in given.files:
        row = rows[str(file)] = replay(file.resolve(), given.root.resolve(), config, given.lines)
        gather = f"{row['gather_p50_ms']:.1f}, {row['gather_p99_ms']:.1f}"
        cells = f"{row['keys']:.0f}", f"{row['tokens']:.0f}", f"{row['kept']:.1%}", f"{row['changes']:.2f}", gather
        table.add_row(file.name, *cells)
    table.add_row("mean", "", "", f"{mean(row['kept'] for row in rows.values()):.1%}", "", "")
    Console().print(table)
    if given.write:
        save(given.write, {"tokens": given.tokens, "files": rows})


if __name__ == "__main__":
    main()
