"""How often the embedded model, or another, completes the rest of a line right, in any language, asked as the server
asks it.

    python bench/embedded.py [--card [--site DIR ...]] [--repository DIR[:LANGUAGE] ...] [--whole-lines]
                             [--positions N] [--quick] [--variant NAME ...] [--answers FILE] [--write NAME]
                             [--model NAME_OR_FOLDER [--quantization auto]]

Places are drawn by seed (learn/middles): `--card` takes those of the embedded model's card, in the package folders of
jedi, networkx and pygls (as far as --site has them) and of four modules of the standard library; `--repository` those
of a folder's sources, tests left out, in the language that most of it is in. At each, the rest of the line is cut out
of the document, while the file on the disk keeps it. Of what is completed the first line counts: exact match, first
token and edit similarity with what the file has, whether or not the server would show it; then how much it would show
while the user types, and how much of that is right. The milliseconds are of prompt and text, files parsed before.
"""

from __future__ import annotations

import argparse
import atexit
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any, TextIO, get_args

import measure
import places
from infilling import Answer, Variant, answers, by_first_tokens, by_probability, figures
from rich.console import Console
from rich.table import Table
from seekline import model
from seekline.model.errors import ModelError
from seekline.server.completion.prompt_config import PromptConfig
from silent_model import silent_model

NO_COPIES = {"copies": False}
SUFFIX_TOKENS = 96


@cache
def _silent_engine() -> model.Engine:
    folder = Path(mkdtemp()).resolve()
    atexit.register(shutil.rmtree, folder)
    return measure.engine(str(silent_model(folder / "silent")))


def _one_by_one(config: PromptConfig, *, behind: bool, characters: int) -> PromptConfig:
    """Copies of some sources, and the likeliest token one after the other."""
    return replace(config, line_search=False, copies_behind=behind, copied_characters=characters)


VARIANTS = (
    Variant(name="model alone", settings=NO_COPIES, change=lambda config: replace(config, healing=False)),
    Variant(name="copies alone", engine=_silent_engine, settings={"prompt_format": "seekline-embedded"}),
    Variant(name="and healing", settings=NO_COPIES),
    Variant(name="and copies from before", change=lambda config: _one_by_one(config, behind=False, characters=0)),
    Variant(name="and from behind", change=lambda config: _one_by_one(config, behind=True, characters=0)),
    Variant(name="and from other files", change=lambda config: replace(config, line_search=False)),
    Variant(name="and search: as it is"),
    Variant(name="with suffix", change=lambda config: replace(config, suffix_limit_tokens=SUFFIX_TOKENS)),
    Variant(name="with other files", change=lambda config: replace(config, other_files=True)),
)
POSITIONS = 300
QUICK = 10
REPORT_EVERY = 25

Answers = dict[str, list[Answer]]
"""By the variant's name."""


def measured(engine: model.Engine, found: Sequence[places.Place], variants: Sequence[Variant], log: TextIO) -> Answers:
    by_variant: Answers = {variant.name: [] for variant in variants}
    for number, row in enumerate(answers(engine, found, variants), 1):
        for own, answer in zip(by_variant.values(), row, strict=True):
            own.append(answer)
        if number % REPORT_EVERY == 0 or number == len(found):
            place = found[number - 1]
            print(f"{number} of {len(found)} places, in {place.repository} by now", file=log, flush=True)
    return by_variant


def results(by_variant: Answers) -> list[dict[str, Any]]:
    """For each language and variant the figures, also by kind and by repository, and what a threshold would do."""
    rows: list[dict[str, Any]] = []
    every = next(iter(by_variant.values()))
    for language in dict.fromkeys(answer.place.language for answer in every):
        for name, found in by_variant.items():
            own = [answer for answer in found if answer.place.language == language]
            rows.append(
                {
                    "language": language,
                    "variant": name,
                    **figures(own),
                    "kinds": _grouped(own, lambda answer: answer.place.kind),
                    "repositories": _grouped(own, lambda answer: answer.place.repository),
                    "by_probability": by_probability(own),
                    "by_first_tokens": by_first_tokens(own),
                }
            )
    return rows


def _grouped(found: Sequence[Answer], key: Callable[[Answer], str]) -> dict[str, dict[str, Any]]:
    names = dict.fromkeys(map(key, found))
    return {name: figures([answer for answer in found if key(answer) == name]) for name in names}


def table(rows: Sequence[dict[str, Any]]) -> Table:
    shown = Table(box=None, header_style="bold")
    columns = ("places", "exact", "first token", "similarity", "shown", "right of shown", "median ms")
    for column in ("language", "variant", *columns):
        shown.add_column(column, justify="right" if column in columns else "left")
    for row in rows:
        shares = [row[key] for key in ("exact_match", "first_token", "edit_similarity", "shown", "right_of_shown")]
        cells = ["-" if share is None else f"{share:.3f}" for share in shares]
        shown.add_row(row["language"], row["variant"], str(row["places"]), *cells, f"{row['median_ms']:.0f}")
    return shown


def write_answers(path: Path, by_variant: Answers) -> None:
    """A line of JSON for each place and variant, to read what was completed where."""
    with path.open("w", encoding="utf-8") as file:
        for name, found in by_variant.items():
            for answer in found:
                file.write(json.dumps({"variant": name, **_as_json(answer)}) + "\n")


def _as_json(answer: Answer) -> dict[str, Any]:
    place = answer.place
    return {
        "repository": place.repository,
        "language": place.language,
        "file": place.document.path,
        "line": place.cursor.line + 1,
        "column": place.cursor.column + 1,
        "kind": place.kind,
        "before": place.document.before(place.cursor),
        "rest": place.rest,
        "text": answer.text,
        "is_exact": answer.is_exact,
        "is_shown": answer.is_shown,
        "probability": answer.probability,
        "ms": round(answer.ms, 1),
    }


def chosen(names: Iterable[str] | None) -> list[Variant]:
    return [variant for variant in VARIANTS if not names or variant.name in names]


def drawn(given: argparse.Namespace, workspaces: Path) -> list[places.Place]:
    number = QUICK if given.quick else given.positions
    found: list[places.Place] = []
    if given.card:
        found += places.of_the_card(given.site, number or places.CARD_POSITIONS, workspaces)
    for repository in given.repository:
        found += places.in_repository(repository, number or POSITIONS, whole_lines=given.whole_lines)
    return found


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=model.EMBEDDED, metavar="NAME_OR_FOLDER", help="instead of the embedded one")
    quantizations = ["auto", *get_args(model.Quantization)]
    parser.add_argument("--quantization", choices=quantizations, default="auto", help="of the model (auto)")
    parser.add_argument("--card", action="store_true", help="the positions of the embedded model's card")
    parser.add_argument("--site", type=Path, nargs="+", default=[], metavar="DIR", help="where jedi and others are")
    parser.add_argument("--repository", nargs="+", default=[], metavar="DIR[:LANGUAGE]", help="folders of sources")
    parser.add_argument("--whole-lines", action="store_true", help="half of a repository's places are whole lines")
    parser.add_argument("--positions", type=_count, metavar="N", help="of the card (840), and of each repository (300)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} positions instead")
    names = [variant.name for variant in VARIANTS]
    parser.add_argument("--variant", nargs="+", choices=names, metavar="NAME", help=f"only these of {', '.join(names)}")
    parser.add_argument("--answers", type=Path, metavar="FILE", help="also write what was completed at each place")
    parser.add_argument("--write", metavar="NAME", help="also write bench/results/NAME.json")
    return parser


def _count(given: str) -> int:
    if not given.isdecimal() or int(given) < 1:
        raise argparse.ArgumentTypeError(f"{given} is no number of positions: 1 is the least")
    return int(given)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = options()
    given = parser.parse_args(arguments)
    if not given.card and not given.repository:
        parser.error("name places: --card, --repository DIR, or both")
    with TemporaryDirectory() as folder:
        try:
            found = drawn(given, Path(folder).resolve())
            engine = measure.engine(given.model, given.quantization)
        except (ModelError, argparse.ArgumentTypeError) as error:
            parser.error(str(error))
        by_variant = measured(engine, found, chosen(given.variant), sys.stderr)
    rows = results(by_variant)
    Console(width=max(Console().width, 120)).print(table(rows))
    if given.answers:
        write_answers(given.answers, by_variant)
    if given.write:
        facts = {name: getattr(given, name) for name in ("model", "quantization", "card", "whole_lines")}
        print(measure.save(given.write, {**facts, "rows": rows}))


if __name__ == "__main__":
    main()
