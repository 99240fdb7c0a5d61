"""The command: `python -m seekline.learn --out DIR` makes the embedded model from what is installed here.

`python -m seekline.learn evaluate --model FOLDER --heldout FILE` measures any exported folder, and `python -m
seekline.learn mixture --repositories DIR --out FILE` fits how a model is mixed with copies. Knows options, and nothing
of what is done with them; `--help` needs no torch.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..model.errors import ModelError
from .packages import own_standard_library
from .recipe import HEAD_SIZE, LATER, CorpusChoice, ModelSize, Recipe, Run
from .stages import make_model, measure
from .vocabulary import SMALLEST_VOCABULARY

_SMALLEST_ROW_TOKENS = 128
_MOST_WORKERS = 12
_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, 1 for a step that failed, 130 for an interrupted one; argparse exits with 2."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments[:1] == ["evaluate"]:
            return _evaluate(arguments[1:])
        return _mixture(arguments[1:]) if arguments[:1] == ["mixture"] else _make(arguments)
    except ModelError as error:
        print(f"{error.problem}\n{error.remedy}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. The same command goes on from the last checkpoint.", file=sys.stderr)
        return _INTERRUPTED


def _make(arguments: list[str]) -> int:
    parser = _make_parser()
    options = parser.parse_args(arguments)
    if options.hidden % HEAD_SIZE:
        parser.error(f"argument --hidden: {options.hidden} is no multiple of {HEAD_SIZE}, the size of a head")
    if options.vocabulary < SMALLEST_VOCABULARY:
        parser.error(
            f"argument --vocabulary: {options.vocabulary} is below {SMALLEST_VOCABULARY}: bytes, control tokens"
        )
    if options.row_tokens < _SMALLEST_ROW_TOKENS:
        parser.error(f"argument --row-tokens: {options.row_tokens} is below {_SMALLEST_ROW_TOKENS}")
    if options.tokens_per_step < options.row_tokens:
        parser.error(f"argument --tokens-per-step: {options.tokens_per_step} is below --row-tokens: not even one row")
    folder = make_model(options.out, _recipe(options), _run(options), _report)
    _report(f"The model is in {folder}")
    return 0


def _evaluate(arguments: list[str]) -> int:
    options = _evaluate_parser().parse_args(arguments)
    figures = measure(options.model, options.heldout, options.positions, options.out, _report)
    print(json.dumps(figures, indent=1))
    return 0


def _mixture(arguments: list[str]) -> int:
    from .mixture.recipe import MixtureRun, fit_mixture

    options = _mixture_parser().parse_args(arguments)
    run = MixtureRun(
        model=options.model,
        repositories=options.repositories,
        out=options.out,
        places=options.places,
        listed=options.list,
    )
    fit_mixture(run, _report)
    return 0


def _mixture_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m seekline.learn mixture",
        description="Fit how a model is mixed with copies of the text at hand, on repositories that are here.",
    )
    embedded = Path(__file__).resolve().parent.parent / "model" / "embedded"
    listed = Path(__file__).resolve().parent / "mixture" / "repositories.toml"
    parser.add_argument(
        "--repositories", type=_folder, required=True, metavar="DIR", help="a folder for each by its name"
    )
    parser.add_argument("--out", type=_own_file, required=True, metavar="FILE", help="the weights, as safetensors")
    parser.add_argument("--model", type=_folder, default=embedded, metavar="FOLDER", help="if none, the embedded one")
    parser.add_argument("--list", type=_file, default=listed, metavar="FILE", help="which repositories, and for what")
    parser.add_argument("--places", type=_count, default=200, metavar="N", help="of each repository (200)")
    return parser


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m seekline.learn",
        description="Make the embedded model from permissively licensed Python that is installed here, in one go: "
        "corpus, vocabulary, training, export, evaluation. What is done is skipped; training goes on where it was.",
        usage="%(prog)s --out DIR [options]",
        epilog="To measure a model that is there: python -m seekline.learn evaluate --help",
    )
    parser.add_argument("--out", type=_own_folder, required=True, metavar="DIR", help="where all products go")
    _add_corpus_options(parser)
    _add_recipe_options(parser)
    _add_run_options(parser)
    return parser


def _add_corpus_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is read")
    group.add_argument(
        "--site", type=_folder, nargs="+", metavar="SITE_PACKAGES", help="installed packages; if none, this Python's"
    )
    group.add_argument(
        "--stdlib", type=_folder, nargs="+", metavar="DIR", help="lib/python3.x folders, beside this Python's own"
    )
    group.add_argument(
        "--repositories", type=_folder, metavar="DIR", help="a folder for each of those of the mixture: other languages"
    )


def _add_recipe_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the model and how it learns")
    group.add_argument(
        "--start",
        type=_folder,
        metavar="FOLDER",
        help="an exported model to go on from, with other samples",
    )
    recipe = Recipe()
    shape, rates = recipe.shape, recipe.rates
    _add(group, "--hidden", _count, shape.hidden, f"width, a multiple of {HEAD_SIZE}")
    _add(group, "--layers", _count, shape.layers, "depth")
    _add(group, "--intermediate", _count, shape.intermediate, "width of the feed-forward layers")
    _add(group, "--vocabulary", _count, shape.vocabulary, "tokens of the vocabulary")
    _add(group, "--row-tokens", _count, shape.row_tokens, "tokens of a training row; the model's context")
    _add(group, "--tokens-per-step", _count, recipe.tokens_per_step, "tokens from change to change of the weights")
    _add_rate(group, "--muon-rate", rates.muon, LATER.rates.muon, "matrices")
    _add_rate(group, "--embedding-rate", rates.embedding, LATER.rates.embedding, "embeddings")
    _add(group, "--seed", _seed, recipe.seed, "of the weights and of all draws")


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("this run")
    run = Run()
    _add(group, "--minutes", _positive, run.minutes, "budget of the training")
    group.add_argument("--steps", type=_count, metavar="N", help="budget in steps, instead of minutes")
    group.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default=run.device, help="where it trains (%(default)s)"
    )
    _add(group, "--workers", _count, _workers(), "processes that make training rows")
    group.add_argument("--threads", type=_count, metavar="N", help="threads on a CPU; if not given, torch chooses")
    _add(group, "--save-minutes", _positive, run.save_minutes, "from checkpoint to checkpoint")
    _add(group, "--log-steps", _count, run.log_steps, "from line to line of the log")
    _add(group, "--positions", _count, run.positions, "cursors of the evaluation")


def _add(group: argparse._ArgumentGroup, name: str, kind: Callable[[str], float], default: float, meaning: str) -> None:
    group.add_argument(name, type=kind, default=default, metavar="N", help=f"{meaning} (%(default)s)")


def _add_rate(group: argparse._ArgumentGroup, name: str, first: float, later: float, what: str) -> None:
    meaning = f"learning rate of the {what} ({first}; {later} with --start)"
    group.add_argument(name, type=_positive, metavar="N", help=meaning)


def _evaluate_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m seekline.learn evaluate",
        description="Measure an exported model on held-out code.",
    )
    parser.add_argument("--model", type=_folder, required=True, metavar="FOLDER", help="an exported model")
    parser.add_argument("--heldout", type=_file, required=True, metavar="FILE", help="heldout.jsonl of a corpus")
    parser.add_argument("--positions", type=_count, default=Run().positions, help="cursors (%(default)s)")
    parser.add_argument("--out", type=_own_file, metavar="FILE", help="where to write the figures, too")
    return parser


def _recipe(options: argparse.Namespace) -> Recipe:
    sites = options.site or [Path(sysconfig.get_path("purelib"))]
    libraries = [own_standard_library(), *(options.stdlib or ())]
    first = Recipe() if options.start is None else LATER
    return replace(
        first,
        corpus=CorpusChoice(
            sites=tuple(map(str, sites)),
            libraries=tuple(map(str, libraries)),
            repositories=options.repositories and str(options.repositories),
        ),
        shape=ModelSize(
            hidden=options.hidden,
            layers=options.layers,
            intermediate=options.intermediate,
            vocabulary=options.vocabulary,
            row_tokens=options.row_tokens,
        ),
        rates=replace(
            first.rates,
            muon=options.muon_rate or first.rates.muon,
            embedding=options.embedding_rate or first.rates.embedding,
        ),
        tokens_per_step=options.tokens_per_step,
        seed=options.seed,
        start=options.start and str(options.start),
    )


def _run(options: argparse.Namespace) -> Run:
    return Run(
        minutes=options.minutes,
        steps=options.steps,
        device=options.device,
        workers=options.workers,
        threads=options.threads,
        save_minutes=options.save_minutes,
        log_steps=options.log_steps,
        positions=options.positions,
    )


def _workers() -> int:
    """All cores but the one that trains. A dozen feed a large GPU."""
    return max(1, min(_MOST_WORKERS, (os.cpu_count() or 1) - 1))


def _count(text: str) -> int:
    return _whole(text, smallest=1)


def _seed(text: str) -> int:
    return _whole(text, smallest=0)


def _whole(text: str, smallest: int) -> int:
    if not text.isdecimal() or int(text) < smallest:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {smallest} on")
    return int(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and infinity")
    return number


def _folder(text: str) -> Path:
    path = Path(text).resolve()
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return path


def _own_folder(text: str) -> Path:
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is there, and no folder")
    return path


def _own_file(text: str) -> Path:
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a folder, which would be lost")
    return path


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"{text} is no file")
    return path


def _report(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
