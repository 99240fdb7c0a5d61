"""Fits the weights by which the context engine ranks symbols: `python bench/ranking.py [--limit 100] [--write]`.

For the cases of `bench/context.py` it collects what speaks for every candidate (fim/context/evidence) and fits a
logistic regression to which of them the cut line needed. Each language counts the same, and so does each needed symbol.
The share of cases that are complete is then told for repositories that the weights were not fitted on (three folds).
`--write` fits on all and writes fim/context/weights.toml.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import corpora
import torch
from baselines import Case
from context import read_cases
from rich.console import Console
from rich.progress import track
from rich.table import Table
from seekline.fim import code
from seekline.fim.context.evidence.kinds import collect_evidence
from seekline.fim.context.facts import Fact, Facts
from seekline.fim.context.names.members import Names
from seekline.fim.context.ranking import Ranking
from seekline.fim.context.scope import read_scope
from seekline.server.settings.config import merge
from seekline.server.workspace import Workspace

WEIGHTS = Path(__file__).resolve().parent.parent / "fim" / "context" / "weights.toml"
FOLDS = 3
SHOWN = 25  # about what fits a prompt of 1024 tokens
PENALTY = 1e-4
PRIORS = {"library": -1.5}  # no case needs a package of elsewhere: what the workspace has is likelier needed
NEGATIVES = 40  # candidates that nobody needed weigh as much as a needed one, all together


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One case: the facts of each candidate, and whether the line needed it."""

    case: Case
    facts: Sequence[Facts]
    needed: Sequence[bool]


def examples(cases: Sequence[Case]) -> Iterator[Example]:
    workspaces: dict[Path, Workspace] = {}
    for case in track(cases, "collecting"):
        grammar = code.grammar_of(case.document.path, case.document.language)
        if grammar is None:
            continue
        workspace = workspaces.setdefault(case.root, Workspace([case.root], merge([]).settings.exclude))
        project = workspace.project_of(case.root / case.document.path, case.document.lines)
        scope = read_scope(case.document, case.cursor, grammar)
        names = Names(project, case.document, scope.outline, grammar)
        facts = Ranking(collect_evidence(scope, names)).facts()
        needed = []
        for symbol in facts:
            document = names.document(symbol.path)
            head = document.lines[slice(*names.definition(symbol).head)] if document else ()
            signature = {line.strip() for line in head}
            needed.append(any(signature & need for need in case.needs))
        yield Example(case=case, facts=list(facts.values()), needed=needed)


def fit(found: Sequence[Example]) -> dict[str, float]:
    """The weights, `bias` among them, that make what was needed likely and the rest unlikely."""
    names = sorted({fact.value for example in found for facts in example.facts for fact in facts})
    column = {name: number for number, name in enumerate(names)}
    languages = Counter(example.case.language for example in found)
    rows, columns, values, labels, importance = [], [], [], [], []
    for example in found:
        positives = sum(example.needed)
        for facts, needed in zip(example.facts, example.needed, strict=True):
            if not positives:
                continue
            for name, value in facts.items():
                rows.append(len(labels))
                columns.append(column[name])
                values.append(value)
            labels.append(float(needed))
            importance.append((1 / positives if needed else 1 / NEGATIVES) / languages[example.case.language])
    shape = (len(labels), len(names))
    facts = torch.sparse_coo_tensor(
        torch.tensor([rows, columns]), torch.tensor(values), shape, check_invariants=True
    ).coalesce()
    weights, bias = _minimise(facts, torch.tensor(labels), torch.tensor(importance), len(names))
    return {"bias": bias} | dict(zip(names, weights, strict=True))


def _minimise(
    facts: torch.Tensor, labels: torch.Tensor, importance: torch.Tensor, count: int
) -> tuple[list[float], float]:
    weights = torch.zeros(count, 1, requires_grad=True)
    bias = torch.tensor(-3.0, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=200, history_size=20, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        logits = torch.sparse.mm(facts, weights).squeeze(1) + bias
        each = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
        total = (each * importance).sum() / importance.sum() + PENALTY * (weights**2).sum()
        total.backward()
        return total

    optimizer.step(loss)  # pyright: ignore[reportArgumentType]
    return weights.detach().squeeze(1).tolist(), bias.item()


def found_among_best(example: Example, weights: Mapping[str, float]) -> bool:
    """Whether all that the line needed is among the likeliest candidates."""
    chance = [sum(weights.get(name, 0.0) * value for name, value in facts.items()) for facts in example.facts]
    best = sorted(range(len(chance)), key=chance.__getitem__, reverse=True)[:SHOWN]
    return sum(example.needed[number] for number in best) >= min(len(example.case.needs), SHOWN)


def cross_validate(found: Sequence[Example]) -> dict[str, list[bool]]:
    """By language, whether each case is complete by weights that were fitted on other repositories."""
    roots = sorted({example.case.root for example in found})
    results: dict[str, list[bool]] = {}
    for fold in range(FOLDS):
        held = set(roots[fold::FOLDS])
        weights = fit([example for example in found if example.case.root not in held])
        for example in found:
            if example.case.root in held:
                results.setdefault(example.case.language, []).append(found_among_best(example, weights))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=100, help="cases of each language")
    parser.add_argument("--cases", type=Path, nargs="+", default=[corpora.CACHE / "cases"])
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    cases: list[Case] = []
    for folder in given.cases:
        by_language: dict[str, list[Case]] = {}
        for case in read_cases(folder, (), quick=False):
            by_language.setdefault(case.language, []).append(case)
        for own in by_language.values():
            cases += own[:: max(1, len(own) // given.limit)][: given.limit]
    found = list(examples(cases))
    table = Table("language", "cases", f"all needed among the best {SHOWN}", box=None)
    for language, results in sorted(cross_validate(found).items()):
        table.add_row(language, str(len(results)), f"{sum(results) / len(results):.0%}")
    Console().print(table)
    if given.write:
        weights = {fact.value: 0.0 for fact in Fact} | fit(found) | PRIORS
        lines = [f'"{name}" = {value:.2f}' for name, value in sorted(weights.items(), key=lambda pair: -pair[1])]
        head = "# Fitted by bench/ranking.py; the facts are those of facts.py.\n"
        WEIGHTS.write_text(head + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
