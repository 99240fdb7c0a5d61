"""Whether the stop rule shows whole completions: what is shown where a model writes exactly what was cut out.

    python bench/whole.py --repository DIR[:LANGUAGE] ... [--positions N] [--kind NAME ...] [--seed N] [--show N]
                          [--crlf]

Holes are drawn by seed from sources that tree-sitter reads without an error: the rest of a line, a statement of up to
fifteen lines from its first character on, and the block that a line opens: its inside, with its end, or from an
indented line of its own; the last two also with the bracket that an editor closes by itself. At each, the model is an
oracle: it writes the cut text and the rest of the file, in pieces as short as tokens, until the rule stops it.
`unbalanced`: the shown text leaves other brackets open than the cut one, strings and comments blanked by
`gold/masking.py`. `broken`: tree-sitter finds an error in the file with the shown text in it. `nothing`: nothing is
shown. `exact`: all of the cut text is shown, but for blanks at its end; or all of the line, in the place of what the
editor closed.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import places
from gold.masking import mask
from holes import KINDS, Hole, document_of, holes_in
from rich.console import Console
from rich.table import Table
from seekline import fim
from seekline.fim.code.grammars import Grammar, grammar_of
from seekline.fim.code.reader import parse
from seekline.fim.completion.syntax import CLOSERS

POSITIONS = 100
PER_FILE = 4
_MOST_FILE_CHARACTERS = 100_000
_PIECE = re.compile(r"\n[ \t]*|[ \t]+|\w{1,5}|[^\w\s]{1,2}|\s")
_GOLD_NAMES = {"c-sharp": "csharp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the product shows in a hole, and what is wrong with it."""

    hole: Hole
    text: str | None
    unbalanced: bool
    broken: bool
    replaces_suffix: bool = False

    @property
    def exact(self) -> bool:
        if self.replaces_suffix:
            return (self.hole.middle + self.hole.rest).partition("\n")[0].rstrip() == self.text
        return (self.text or "").rstrip() == self.hole.middle.rstrip()


def completed(hole: Hole) -> fim.Shown | None:
    """What is shown of the oracle's text."""
    document, cursor = document_of(hole)
    rule = fim.stop_rule(document, cursor, "block", explicit=False)
    output = fim.Output(document, cursor, rule)
    for piece in _PIECE.findall((hole.middle + hole.rest).replace("\r\n", "\n")):
        if output.add(piece):
            break
    return output.shown()


def judged(hole: Hole, grammar: Grammar) -> Shown:
    shown = completed(hole)
    text = None if shown is None else shown.text
    if shown is None or shown.text.rstrip() == hole.middle.rstrip():
        return Shown(hole=hole, text=text, unbalanced=False, broken=False)
    language = fim.language_of_path(hole.path)
    name = language.name if language else ""
    name = _GOLD_NAMES.get(name, name)
    found = hole.prefix + shown.text + hole.suffix[shown.replaced_after :]
    wanted = hole.prefix + hole.middle + hole.suffix
    unbalanced = _unmatched(mask(found, name)) != _unmatched(mask(wanted, name))
    broken = parse(fim.split_lines(found), grammar).root_node.has_error
    broken = broken and not parse(fim.split_lines(wanted), grammar).root_node.has_error
    return Shown(hole=hole, text=text, unbalanced=unbalanced, broken=broken, replaces_suffix=shown.replaced_after > 0)


def _unmatched(text: str) -> str:
    """The brackets without a partner, in order."""
    waiting: list[str] = []
    for character in re.findall(r"[()\[\]{}]", text):
        if waiting and CLOSERS.get(waiting[-1]) == character:
            waiting.pop()
        else:
            waiting.append(character)
    return "".join(waiting)


def drawn(
    root: Path, language: str, number: int, kinds: Sequence[str], seed: int, line_end: str
) -> Iterator[tuple[Hole, Grammar]]:
    """Up to `number` holes of each kind, some of a file, in files in a random order."""
    chance = random.Random(f"{root.name} {language} {seed}")
    files = [file for file in places.sources(root) if places.language_of(file.path) == language]
    chance.shuffle(files)
    left = Counter(dict.fromkeys(kinds, number))
    for file in files:
        grammar = grammar_of(file.path, fim.language_of_path(file.path))
        if grammar is None or len(file.text) > _MOST_FILE_CHARACTERS or not any(left.values()):
            continue
        by_kind: dict[str, list[Hole]] = {}
        for hole in holes_in(file.path, file.text.replace("\n", line_end), grammar):
            by_kind.setdefault(hole.kind, []).append(hole)
        for kind in kinds:
            found = by_kind.get(kind, [])
            for hole in chance.sample(found, min(PER_FILE, len(found), left[kind])):
                left[kind] -= 1
                yield hole, grammar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repository", action="append", required=True, type=places.root_and_language)
    parser.add_argument("--positions", type=int, default=POSITIONS, help="of each kind in each repository")
    parser.add_argument("--kind", action="append", choices=KINDS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--crlf", action="store_true", help="as if the files had the line ends of Windows")
    parser.add_argument("--show", type=int, default=0, help="failures of each kind to print")
    given = parser.parse_args()
    kinds = given.kind or KINDS
    rows: dict[tuple[str, str], list[Shown]] = {}
    for root, wanted in given.repository:
        language = wanted or places.main_language(places.sources(root), root)
        line_end = "\r\n" if given.crlf else "\n"
        for hole, grammar in drawn(root, language, given.positions, kinds, given.seed, line_end):
            rows.setdefault((language, hole.kind), []).append(judged(hole, grammar))
    _print(rows, given.show)


def _print(rows: dict[tuple[str, str], list[Shown]], examples: int) -> None:
    table = Table(title="per cent of holes", title_justify="left", box=None, header_style="bold")
    for column in ("language", "kind", "holes", "unbalanced", "broken", "nothing", "exact"):
        table.add_column(column, justify="left" if column in ("language", "kind") else "right")
    for (language, kind), shown in sorted(rows.items()):
        figures = (
            sum(one.unbalanced for one in shown),
            sum(one.broken for one in shown),
            sum(one.text is None for one in shown),
            sum(one.exact for one in shown),
        )
        table.add_row(language, kind, str(len(shown)), *(f"{100 * figure / len(shown):.1f}" for figure in figures))
        for one in [one for one in shown if not one.exact][:examples]:
            print(f"=== {language} {kind} {one.hole.path} unbalanced={one.unbalanced} broken={one.broken}")
            print("\n".join(one.hole.prefix.split("\n")[-6:]) + "▮" + "\n".join(one.hole.suffix.split("\n")[:3]))
            print(f"--- cut\n{one.hole.middle}\n--- shown\n{one.text}")
    Console().print(table)


if __name__ == "__main__":
    main()
