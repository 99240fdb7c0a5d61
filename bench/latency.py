"""How long a user waits: Seekline's engine against transformers' `generate`, same weights, same prompts, in turn.

    python bench/latency.py [--model embedded] [--context TOKENS] [--repeats 15] [--write NAME]

Prompts are cut from this repository's own files. Measured per prompt: the first token of a prompt never seen; the first
token after one more character was typed; and a further token. `generate` keeps nothing between calls.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from threading import Event

import measure
from seekline import fim, model
from seekline.server.completion.contexts import Contexts
from seekline.server.completion.prompt_config import PromptConfig, prompt_config
from seekline.server.completion.prompts import build_prompt
from seekline.server.completion.snapshot import Snapshot
from seekline.server.settings.config import merge
from seekline.server.workspace import Workspace

REPOSITORY = Path(__file__).resolve().parent.parent
FILES = [
    "model/tokenizer.py",
    "server/settings/config.py",
    "fim/completion/filters.py",
    "model/loading/plan.py",
    "server/completion/complete.py",
]
NEW_TOKENS = 32


def prompts(prompting: PromptConfig, count: int) -> list[tuple[list[int], list[int]]]:
    """Pairs of prompts at places of real files: before and after one more character is typed."""
    pairs, alone = [], Workspace([], []).project_of(Path("file.py"))
    for number in range(count):
        text = (REPOSITORY / FILES[number % len(FILES)]).read_text("utf-8")
        lines = fim.split_lines(text)
        line = next(n for n in range(len(lines) * 2 // 3 + number // len(FILES), len(lines)) if len(lines[n]) > 20)
        pair = []
        for column in (14, 15):
            cut = (*lines[:line], lines[line][:column] + "\n", *lines[line + 1 :])
            document = fim.Document(path="file.py", language=None, lines=cut)
            cursor = fim.Cursor(line=line, column=column)
            snapshot = Snapshot(document=document, cursor=cursor, project=alone)
            pair.append(list(build_prompt(snapshot, prompting, Contexts()).ids))
        pairs.append((pair[0], pair[1]))
    return pairs


class Programs:
    """The two programs over one set of weights."""

    def __init__(self, loaded: model.LoadedModel) -> None:
        self.engine = loaded.engine
        self.transformers = measure.by_transformers(loaded.plan)

    def seekline(self, ids: list[int], new_tokens: int) -> float:
        return measure.timed(lambda: list(self.engine.generate(ids, max_new_tokens=new_tokens, cancel=Event())))

    def forget(self) -> None:
        """So that the next prompt is one that was never seen."""
        list(self.engine.generate([0], max_new_tokens=1, cancel=Event()))


def run(programs: Programs, pairs: list[tuple[list[int], list[int]]]) -> list[measure.Row]:
    """The rows of the table; each pair of prompts by both programs in turn."""
    times: dict[str, tuple[list[float], list[float]]] = {
        name: ([], []) for name in ("first token, cold", "first token, one character typed", "each further token")
    }
    for before, after in pairs:
        programs.forget()
        ours = [programs.seekline(before, 1), programs.seekline(after, 1), programs.seekline(after, NEW_TOKENS)]
        others = [programs.transformers(ids, n) for ids, n in ((before, 1), (after, 1), (after, NEW_TOKENS))]
        again = programs.seekline(after, 1)  # what of the third was not for further tokens
        ours[2] = (ours[2] - again) / (NEW_TOKENS - 1)
        others[2] = (others[2] - others[1]) / (NEW_TOKENS - 1)
        for name, our, other in zip(times, ours, others, strict=True):
            times[name][0].append(our)
            times[name][1].append(other)
    return [
        measure.Row(measure=name, seekline_ms=tuple(ours), other_ms=tuple(others))
        for name, (ours, others) in times.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=model.EMBEDDED)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--context", type=int, help="tokens of a prompt; the setting's default where not given")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=model.compute_threads())
    parser.add_argument("--write", metavar="NAME", help="also write bench/results/NAME.json")
    given = parser.parse_args()
    plan = model.make_plan(model.ModelRequest(model=given.model, device=given.device), base=Path.cwd())
    loaded = model.load_model(plan, threads=given.threads)
    settings = merge([]).settings
    if given.context:
        settings = settings.model_copy(update={"context_tokens": given.context})
    pairs = prompts(prompt_config(model.info_of(plan, loaded.tokenizer), settings), given.repeats)
    programs = Programs(loaded)
    run(programs, pairs[:1])  # warm-up
    rows = run(programs, pairs)
    length = sum(len(after) for _, after in pairs) // len(pairs)
    title = f"{plan.summary}; prompts of {length} tokens on average, {given.threads} threads"
    measure.print_rows(title, "transformers", rows)
    if given.write:
        print(measure.write(given.write, {"model": plan.summary, "prompt_tokens": length}, rows))


if __name__ == "__main__":
    main()
