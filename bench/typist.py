"""What completions are to someone who types: keys saved, what is shown and how much of it is right, silence, flicker,
latency.

    python bench/typist.py [FILE ...] [--repository DIR[:LANGUAGE] ...] [--files 3] [--spans 2] [--lines 12] [--seed 1]
                           [--patient | --speed 1] [--accept whole] [--auto-close] [--oracle 0.25]
                           [--without PART | --ablation] [--setting KEY=JSON ...] [--model embedded] [--write NAME]

A typist writes spans of real files again, with the rest of the file around them, key by key in a person's intervals,
over the pipes of a running server as an editor does, and accepts what agrees with what comes next. Beside the server,
span by span, a naive client of the same engine is asked at the same keys (typist_engine.py). What is counted stands in
typist_counts.py; a position has nothing good to say where the engine, with all that the product does for it and
nothing held back, has not even the first word right, and neither has the client.

`--patient` has every key wait for the answer to the last one, so that counts do not depend on the machine. `--speed`
makes the person faster, and the naive client's wait for a pause shorter. Times mean nothing with either.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any, get_args

import editor_client
import measure
import places
from screen import Accepts
from seekline import fim, model
from seekline.learn.errors import CorpusTooSmall
from seekline.model.errors import ModelError
from server_without import PARTS
from spans import Span, spans_in
from typed import Typist, typed
from typist_clients import ServerClient, cancels
from typist_counts import Typed, figures
from typist_engine import NaiveClient, Oracle
from typist_tables import ablation_table, language_table, main_table, print_tables

SEEKLINE, NAIVE = "Seekline", "naive"
CANCEL_EVERY = 5
"""Keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was typed with each client, and the milliseconds from cancels to the idle server."""

    typed: dict[str, list[Typed]]
    to_idle_ms: list[float]


def files_of(given: argparse.Namespace) -> list[tuple[Path, Path]]:
    """Each file with its workspace: those that are named, and some of each repository, drawn by seed."""
    found = [(file.resolve(), (given.root or file.parent).resolve()) for file in given.files]
    for repository in given.repository:
        root, wanted = places.root_and_language(repository)
        sources = places.sources(root)
        language = wanted or places.main_language(sources, root)
        own = [root / file.path for file in sources if places.language_of(file.path) == language]
        large = [file for file in own if len(fim.split_lines(file.read_text("utf-8"))) > 3 * given.lines]
        found += [(file, root) for file in Random(given.seed).sample(large, min(given.files_each, len(large)))]
    return found


async def run(spans: Sequence[Span], given: argparse.Namespace, engine: model.Engine, part: str | None) -> Run:
    """Types all spans; with a part switched off, for the server alone."""
    naive = None if part or given.no_naive else NaiveClient(engine, given.speed)
    found = Run(typed={SEEKLINE: [], **({NAIVE: []} if naive else {})}, to_idle_ms=[])
    typist = _typist(given)
    program = (str(Path(__file__).with_name("server_without.py")), part) if part else editor_client.SERVER
    for root, group in groupby(spans, key=lambda span: span.root):
        own = list(group)
        client, _ = await editor_client.started(given.model, _settings(given, part), root, program)
        asked = ServerClient(client)
        await editor_client.until_ready(client)
        for span in own:
            oracle = Oracle(engine, span, given.oracle, given.seed)
            found.typed[SEEKLINE].append(await typed(span, asked, typist, oracle))
            if naive is not None:
                found.typed[NAIVE].append(await typed(span, naive, typist, oracle))
            _tell(span, found)
        if part is None:
            found.to_idle_ms.extend(await cancels(asked, own[-1], CANCEL_EVERY, given.seed))
        await editor_client.stopped(client)
    return found


def _typist(given: argparse.Namespace) -> Typist:
    return Typist(
        seed=given.seed,
        speed=given.speed,
        is_patient=given.patient,
        accepts=given.accept,
        auto_close=given.auto_close,
    )


def _settings(given: argparse.Namespace, part: str | None) -> dict[str, Any]:
    """An editor's settings: the log says where completions come from."""
    return {"logLevel": "debug", **dict(given.setting), **(PARTS[part].settings if part else {})}


def _tell(span: Span, found: Run) -> None:
    line = span.above.count("\n") + 2
    said: list[str] = []
    for name, every in found.typed.items():
        row = figures(every[-1:])
        said.append(f"{name}: {row['accepted_characters']} characters accepted, {row['shown']} shown")
    print(f"{span.path}:{line}, {len(span.text)} characters; {'; '.join(said)}", file=sys.stderr, flush=True)


def grouped(found: Run) -> dict[str, dict[str, dict[str, Any]]]:
    """Figures of each client, by language and together."""
    languages = dict.fromkeys(one.language for one in found.typed[SEEKLINE])
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    for language in sorted(languages):
        rows[language] = {
            name: figures([one for one in every if one.language == language]) for name, every in found.typed.items()
        }
    return {**rows, "together": {name: figures(every) for name, every in found.typed.items()}}


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--root", type=Path, help="the workspace of the files; else each file's folder")
    parser.add_argument("--repository", nargs="+", default=[], metavar="DIR[:LANGUAGE]", help="folders of sources")
    parser.add_argument("--files", dest="files_each", type=int, default=3, metavar="N", help="of each repository (3)")
    parser.add_argument("--spans", type=int, default=2, metavar="N", help="of each file (2)")
    parser.add_argument("--lines", type=int, default=12, metavar="N", help="of a span (12)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--patient", action="store_true", help="every key waits for the answer to the last")
    parser.add_argument("--accept", choices=get_args(Accepts), default="whole", help="what is accepted at the least")
    parser.add_argument("--auto-close", action="store_true", help="the editor closes brackets by itself")
    parser.add_argument("--oracle", type=float, default=0.25, metavar="SHARE", help="of positions, that it looks at")
    parser.add_argument("--no-naive", action="store_true", help="the server alone")
    parser.add_argument("--setting", type=_setting, nargs="+", default=[], metavar="KEY=JSON", help="of the editor")
    parser.add_argument("--model", default=model.EMBEDDED, metavar="NAME_OR_FOLDER")
    parser.add_argument("--without", choices=list(PARTS), metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--ablation", action="store_true", help="each part switched off in turn")
    parser.add_argument("--write", metavar="NAME", help="also write bench/results/NAME.json")
    return parser


def _setting(given: str) -> tuple[str, Any]:
    key, _, value = given.partition("=")
    try:
        return key, json.loads(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{given} is no KEY=JSON") from error


def _measured(spans: Sequence[Span], given: argparse.Namespace, engine: model.Engine) -> dict[str, Any]:
    found = asyncio.run(run(spans, given, engine, given.without))
    rows = grouped(found)
    to_idle = {f"p{share}": round(measure.percentile(found.to_idle_ms or [0.0], share), 1) for share in (50, 95)}
    print_tables(main_table(rows["together"], to_idle), language_table(rows))
    return {"figures": rows, "cancels": len(found.to_idle_ms), "cancel_to_idle_ms": to_idle}


def _ablation(spans: Sequence[Span], given: argparse.Namespace, engine: model.Engine) -> dict[str, Any]:
    """The server with all its parts, and without each."""
    rows: dict[str, dict[str, Any]] = {}
    given.no_naive = True
    for part in (None, *PARTS):
        print(part or "all parts", file=sys.stderr)
        rows[part or "all parts"] = figures(asyncio.run(run(spans, given, engine, part)).typed[SEEKLINE])
    print_tables(ablation_table(rows))
    return {"without": rows}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = options()
    given = parser.parse_args(arguments)
    try:
        files = files_of(given)
        engine = measure.engine(given.model)
    except (CorpusTooSmall, ModelError, argparse.ArgumentTypeError) as error:
        parser.error(str(error))
    spans = [span for file, root in files for span in spans_in(file, root, given.spans, given.lines, given.seed)]
    if not spans:
        parser.error("there is nothing to type: name files, or --repository DIR")
    result = _ablation(spans, given, engine) if given.ablation else _measured(spans, given, engine)
    if given.write:
        names = ("model", "patient", "speed", "accept", "auto_close", "lines", "seed", "oracle", "without")
        facts = {name: getattr(given, name) for name in names}
        typed_files = [f"{root.name}/{file.relative_to(root).as_posix()}" for file, root in files]
        print(measure.save(given.write, {**facts, "files": typed_files, **result}))


if __name__ == "__main__":
    main()
