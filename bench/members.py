"""What it brings to hold a completion to the members that an object has: how often, at what harm, and how much is
right with and without.

    python bench/members.py --repository DIR[:LANGUAGE] ... [--accesses N] [--positions N] [--model NAME_OR_FOLDER]
                            [--write NAME]

Accesses to members are drawn by seed from a folder's sources, tests left out: the cursor is behind the dot, or behind
one or two letters of the name, and the rest of the line is cut out. At each it is asked whether the names are known;
`outside` counts those where they are and the right one is not among them, which is what guiding can only harm. At the
first of the others both variants complete: `name` is how often the first name is the right one, `invented` how often
it is none that the object has.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from statistics import fmean
from typing import Any

import measure
import places
from infilling import Answer, Variant, Workspaces, answers, figures
from rich.console import Console
from rich.table import Table
from seekline import fim, model
from seekline.fim.code.grammars import grammar_of
from seekline.fim.code.reader import parse
from seekline.learn.corpus_file import CorpusFile
from tree_sitter import Node

ACCESSES, POSITIONS = 1000, 100
_ACCESS = re.compile(r"(?:\?\.|!\.|\.|\??->|::)(\$?[A-Za-z_][\w$]*)")
_NAME = re.compile(r"\$?[A-Za-z_][\w$]*")
_NO_CODE = re.compile(r"comment|string|import|use_declaration|package|using|include|preproc")

VARIANTS = (
    Variant(name="without", change=lambda config: replace(config, guided=False)),
    Variant(name="with"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A place in a name behind a dot: the name, and the members that are known there."""

    place: places.Place
    name: str
    members: fim.ExistingMembers | None

    @property
    def rest(self) -> str:
        """What is still to be typed of the name."""
        found = _NAME.match("x" + self.place.rest)
        return found[0][1:] if found else ""


def drawn(given: str, number: int) -> list[Access]:
    """In the order of the files. Raises `CorpusTooSmall`."""
    root, wanted = places.root_and_language(given)
    files = places.sources(root)
    language = wanted or places.main_language(files, root)
    found: list[tuple[CorpusFile, int, str]] = []
    for file in files:
        if places.language_of(file.path) == language:
            found += ((file, start, name) for start, name in _accesses(file))
    chance = random.Random(1)
    chance.shuffle(found)
    workspaces = Workspaces()
    accesses: list[Access] = []
    for file, start, name in sorted(found[:number], key=lambda one: (one[0].path, one[1])):
        typed = min(chance.choice((0, 0, 1, 2)), len(name) - 1)
        end = file.text.find("\n", start)
        place = places.cut(file, start + typed, end if end >= 0 else len(file.text), "line", root, language)
        snapshot = workspaces.snapshot(place)
        members = fim.existing_members(snapshot.document, snapshot.cursor, snapshot.project)
        accesses.append(Access(place=place, name=name, members=members))
    return accesses


def _accesses(file: CorpusFile) -> Iterator[tuple[int, str]]:
    """Where the names of members start in the code of a file, and the names."""
    grammar = grammar_of(file.path, fim.language_of_path(file.path))
    if grammar is None or not file.text.isascii():  # as the tree counts bytes
        return
    tree = parse(fim.split_lines(file.text), grammar)
    for found in _ACCESS.finditer(file.text):
        if not _NO_CODE.search(" ".join(_types_around(tree.root_node, found.start(1)))):
            yield found.start(1), found[1]


def _types_around(root: Node, offset: int) -> Iterator[str]:
    node = root.descendant_for_byte_range(offset, offset + 1)
    while node is not None:
        yield node.type
        node = node.parent


def row(given: str, accesses: Sequence[Access], engine: model.Engine, positions: int) -> dict[str, Any]:
    known = [access for access in accesses if access.members is not None]
    outside = [access for access in known if access.members and access.name not in access.members.names]
    chosen = sorted(random.Random(2).sample(known, min(positions, len(known))), key=known.index)
    found = list(answers(engine, [access.place for access in chosen], VARIANTS))
    result: dict[str, Any] = {
        "repository": PurePosixPath(given.partition(":")[0]).name,
        "language": accesses[0].place.language if accesses else None,
        "accesses": len(accesses),
        "known": round(len(known) / max(1, len(accesses)), 4),
        "outside": [f"{one.place.document.path}:{one.place.cursor.line + 1} {one.name}" for one in outside],
        "positions": len(chosen),
    }
    for number, variant in enumerate(VARIANTS):
        own = [row[number] for row in found]
        result[variant.name] = figures(own) | _names(chosen, own) if own else None
    return result


def _names(accesses: Sequence[Access], found: Sequence[Answer]) -> dict[str, float]:
    right: list[bool] = []
    invented: list[bool] = []
    for access, answer in zip(accesses, found, strict=True):
        rest = _NAME.match("x" + answer.text)
        name = rest[0][1:] if rest else ""
        right.append(name == access.rest)
        members = access.members or fim.ExistingMembers(written="", names=frozenset())
        invented.append(bool(answer.text) and members.written + name not in members.names)
    return {"name": round(fmean(right), 4), "invented": round(fmean(invented), 4)}


def table(rows: Sequence[dict[str, Any]]) -> Table:
    shown = Table(box=None, header_style="bold")
    pairs = ("name", "invented", "exact_match", "shown", "right_of_shown", "median_ms")
    for column in ("repository", "language", "accesses", "known", "outside", "positions", *pairs):
        shown.add_column(column, justify="left" if column in ("repository", "language") else "right")
    for one in rows:
        cells = [f"{one['without'][key]} → {one['with'][key]}" if one["with"] else "-" for key in pairs]
        counts = (str(one["accesses"]), str(one["known"]), str(len(one["outside"])), str(one["positions"]))
        shown.add_row(one["repository"], one["language"], *counts, *cells)
    return shown


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repository", nargs="+", required=True, metavar="DIR[:LANGUAGE]", help="folders of sources")
    parser.add_argument("--accesses", type=int, default=ACCESSES, metavar="N", help=f"of each ({ACCESSES})")
    parser.add_argument(
        "--positions", type=int, default=POSITIONS, metavar="N", help=f"completed of each ({POSITIONS})"
    )
    parser.add_argument("--model", default=model.EMBEDDED, metavar="NAME_OR_FOLDER", help="instead of the embedded one")
    parser.add_argument("--write", metavar="NAME", help="also write bench/results/NAME.json")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    given = options().parse_args(arguments)
    engine = measure.engine(given.model)
    rows: list[dict[str, Any]] = []
    for repository in given.repository:
        rows.append(row(repository, drawn(repository, given.accesses), engine, given.positions))
        print(rows[-1]["repository"], "is measured", file=sys.stderr, flush=True)
    Console(width=max(Console().width, 160)).print(table(rows))
    if given.write:
        print(measure.save(given.write, {"model": given.model, "rows": rows}))


if __name__ == "__main__":
    main()
