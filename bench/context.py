"""Whether the prompt holds what the next line needs from other files, and what that costs.

    python bench/context.py [--language NAME ...] [--tokens 1024 2048 4096] [--quick] [--only seekline] [--write NAME]
    python bench/context.py --completions [--limit 200]
    python bench/context.py --scale

The cases (bench/cases.py makes them) are lines of real repositories, cut where they use symbols of other files. A case
counts where the signature lines of all of those symbols are in the prompt, each as a whole line. Beside Seekline's
stand three baselines: no context, Jaccard windows, and imported files whole. `--completions` lets the embedded model
complete the lines with and without the context; `--scale` measures a generated workspace of 10,000 files.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from time import perf_counter

import completions
import corpora
import measure
import numpy
import scale
from baselines import BASELINES, Case
from rich.console import Console
from rich.progress import track
from rich.table import Table
from seekline import fim, model
from seekline.server.completion.contexts import Contexts
from seekline.server.completion.prompt_config import PromptConfig, prompt_config
from seekline.server.completion.prompts import build_prompt
from seekline.server.completion.snapshot import Snapshot
from seekline.server.settings.config import merge
from seekline.server.workspace import Workspace

REPOSITORY = Path(__file__).resolve().parent.parent
DEEPSEEK = REPOSITORY.parent / "shared" / "data" / "deepseek-coder-tokenizer"
OURS = "seekline"
QUICK = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How one program did in one case. `gather_ms` is of an index that knows the files already."""

    case: Case
    program: str
    tokens: int
    complete: bool
    gather_ms: float | None = None


def read_cases(folder: Path, languages: Sequence[str], *, quick: bool) -> list[Case]:
    """The cases of CACHE/cases, those of one repository together; of a quick run each sixth."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        if not languages or path.stem in languages:
            cases = [_case(json.loads(line)) for line in path.read_text("utf-8").splitlines()]
            found += cases[::QUICK] if quick else cases
    return found


def _case(row: dict) -> Case:
    return Case(
        id=row["id"],
        root=Path(row["root"]),
        language=row["language"],
        kind=row["kind"],
        cut=row["cut"],
        document=fim.Document(
            path=row["file"],
            language=fim.language_of_path(row["file"]),
            lines=tuple(fim.split_lines(row["text"])),
        ),
        cursor=fim.Cursor(line=row["line"] - 1, column=row["column"] - 1),
        needs=tuple(frozenset(place["signature"].strip() for place in (need, *need["also"])) for need in row["needs"]),
    )


class Timed(Contexts):
    """Contexts that remember how long the last gathering took."""

    gather_ms = 0.0

    def gather(self, *args, **kwargs) -> fim.Context:
        started = perf_counter()
        found = super().gather(*args, **kwargs)
        self.gather_ms += 1000 * (perf_counter() - started)
        return found


def seekline_prompt(workspace: Workspace, case: Case, config: PromptConfig) -> tuple[str, float]:
    """Seekline's prompt, and the milliseconds that it took to gather the context."""
    contexts = Timed()
    project = workspace.project_of(case.root / case.document.path, case.document.lines)
    snapshot = Snapshot(document=case.document, cursor=case.cursor, project=project)
    built = build_prompt(snapshot, config, contexts)
    return built.prompt.text, contexts.gather_ms


def holds_all(prompt: str, case: Case) -> bool:
    """Whether each need has one of its lines in the prompt, as a whole line."""
    lines = {line.strip() for line in fim.split_lines(prompt)}
    return all(not need.isdisjoint(lines) for need in case.needs)


def answers(
    cases: Sequence[Case], config: PromptConfig, budgets: Sequence[int], programs: Sequence[str]
) -> Iterator[Answer]:
    """All programs over all cases, repository by repository."""
    exclude = merge([]).settings.exclude
    for root, group in groupby(cases, key=lambda case: case.root):
        own = list(group)
        workspace = Workspace([root], exclude)
        project = workspace.project_of(root / own[0].document.path)
        baselines = {name: kind(config, project) for name, kind in BASELINES.items() if name in programs}
        for case in own:
            if OURS in programs:
                seekline_prompt(workspace, case, config)  # the index reads what this case needs
            for tokens in budgets:
                for name, baseline in baselines.items():
                    done = holds_all(baseline.prompt(case, tokens), case)
                    yield Answer(case=case, program=name, tokens=tokens, complete=done)
                if OURS in programs:
                    prompt, took = seekline_prompt(workspace, case, replace(config, prompt_tokens=tokens))
                    done = holds_all(prompt, case)
                    yield Answer(case=case, program=OURS, tokens=tokens, complete=done, gather_ms=took)


def shares(found: Sequence[Answer], budgets: Sequence[int], programs: Sequence[str]) -> list[dict]:
    """For each language, and for all, the per cent of complete cases by program and budget."""
    rows = []
    for language in [*dict.fromkeys(answer.case.language for answer in found), "all"]:
        own = [answer for answer in found if language in ("all", answer.case.language)]
        row: dict = {"language": language, "cases": len({answer.case.id for answer in own})}
        for program in programs:
            for tokens in budgets:
                done = [a.complete for a in own if a.program == program and a.tokens == tokens]
                row[f"{program} {tokens}"] = round(100 * sum(done) / len(done), 1)
        rows.append(row)
    return rows


def times(found: Sequence[Answer], budgets: Sequence[int]) -> dict[str, dict[str, float]]:
    """Milliseconds of gathering by budget."""
    by_budget = {}
    for tokens in budgets:
        took = [a.gather_ms for a in found if a.tokens == tokens and a.gather_ms is not None]
        if took:
            by_budget[str(tokens)] = {f"p{p}": round(float(numpy.percentile(took, p)), 2) for p in (50, 90, 99, 100)}
    return by_budget


def print_shares(rows: Sequence[dict], budgets: Sequence[int], programs: Sequence[str], title: str) -> None:
    print(title)
    table = Table(box=None, header_style="bold")
    table.add_column("language")
    table.add_column("cases", justify="right")
    for program in programs:
        table.add_column(f"{program}\n{' / '.join(map(str, budgets))}", justify="right")
    for row in rows:
        figures = [" / ".join(f"{row[f'{program} {tokens}']:.0f}" for tokens in budgets) for program in programs]
        table.add_row(row["language"], str(row["cases"]), *figures)
    Console(width=max(Console().width, 130)).print(table)


def prompting(tokenizer: Path | None) -> tuple[PromptConfig, str]:
    """How to prompt, and a name for the tokenizer that counts."""
    known = tokenizer or (DEEPSEEK if DEEPSEEK.is_dir() else None)
    folder = known or model.embedded_folder()
    config = prompt_config(model.info_of_tokenizer(model.Tokenizer(folder)), merge([]).settings)
    return config, f"the tokenizer {folder.name}" if known else "the embedded model's tokenizer"


def report(given: argparse.Namespace, cases: Sequence[Case]) -> dict:
    config, counted_by = prompting(given.tokenizer)
    programs = [given.only] if given.only else [*BASELINES, OURS]
    work = answers(cases, config, given.tokens, programs)
    found = list(track(work, "prompts", total=len(cases) * len(given.tokens) * len(programs), transient=True))
    rows = shares(found, given.tokens, programs)
    print_shares(rows, given.tokens, programs, f"per cent of cases with every needed signature; {counted_by}")
    took = times(found, given.tokens)
    for tokens, figures in took.items():
        print(f"gathering for {tokens} tokens, warm: " + ", ".join(f"{name} {ms} ms" for name, ms in figures.items()))
    if given.misses:
        lines = (f"{a.program} {a.tokens} {a.case.id}\n" for a in found if not a.complete)
        given.misses.write_text("".join(lines), "utf-8")
    return {"counted_by": counted_by, "rows": rows, "gather_ms": took}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", action="append", default=[])
    parser.add_argument("--tokens", type=int, nargs="+", default=[1024, 2048, 4096])
    parser.add_argument("--quick", action="store_true", help="each sixth case")
    parser.add_argument("--only", choices=[*BASELINES, OURS], help="one program alone")
    parser.add_argument("--cases", type=Path, default=corpora.CACHE / "cases", help="folder of LANGUAGE.jsonl")
    parser.add_argument("--tokenizer", type=Path, help="folder of a tokenizer.json; DeepSeek's where it is found")
    parser.add_argument("--misses", type=Path, metavar="FILE", help="also list the cases that were missed")
    parser.add_argument("--completions", action="store_true", help="complete the lines with the embedded model")
    parser.add_argument("--limit", type=int, default=200, help="cases of each language to complete")
    parser.add_argument("--scale", action="store_true", help="measure a generated workspace of 10,000 files")
    parser.add_argument("--write", metavar="NAME", help="also write bench/results/NAME.json")
    given = parser.parse_args()
    if given.scale:
        result = scale.report(prompting(given.tokenizer)[0])
    else:
        cases = read_cases(given.cases, given.language, quick=given.quick)
        if not cases:
            parser.error(f"there are no cases in {given.cases}; run python bench/cases.py")
        result = completions.report(cases, given.limit) if given.completions else report(given, cases)
    if given.write:
        print(measure.save(given.write, result))


if __name__ == "__main__":
    main()
