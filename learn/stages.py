"""All steps in their order, each skipped where its product is there: corpus, vocabulary, training, export, evaluation.

OUT/recipe.json   the settings, kept so that no other run goes on here
OUT/corpus/       train.jsonl heldout.jsonl packages.json PACKAGES.md
OUT/vocabulary/   tokenizer.json tokenizer_config.json
OUT/training/     checkpoint.pt log.jsonl
OUT/model/        the folder to ship, with eval.json
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..model.loading.hardware import find_device
from .corpus import build_corpus, read_files
from .files import written_whole
from .mixture.repositories import repositories_in
from .recipe import Recipe, Run, keep_recipe
from .vocabulary import build_vocabulary, copy_vocabulary

Report = Callable[[str], None]


def make_model(out: Path, recipe: Recipe, run: Run, report: Report) -> Path:
    """Runs every step that is not done; returns the folder of the model. Errors are `ModelError`s."""
    if run.device != "auto":
        # A device that is not here shall not be found missing after the corpus was made.
        find_device(run.device)
    keep_recipe(out, recipe)
    _make_corpus(out, recipe, report)
    _make_vocabulary(out, recipe, report)
    _train(out, recipe, run, report)
    _export(out, recipe, report)
    _evaluate(out, run, report)
    return out / "model"


def measure(folder: Path, heldout: Path, positions: int, product: Path | None, report: Report) -> dict[str, Any]:
    """The figures of a model's folder; written to `product`, too, where one is named. Imports torch."""
    from .evaluate import evaluate

    figures = evaluate(folder, heldout, positions, report)
    if product:
        with written_whole(product) as draft:
            draft.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return figures


def _make_corpus(out: Path, recipe: Recipe, report: Report) -> None:
    if _is_done(out / "corpus" / "packages.json", "corpus", report):
        return
    folder = recipe.corpus.repositories
    repositories = [] if folder is None else repositories_in(Path(folder), report)
    others = [repository for repository in repositories if repository.use == "tune"]
    build_corpus(out / "corpus", recipe.corpus, others, recipe.seed, report)


def _make_vocabulary(out: Path, recipe: Recipe, report: Report) -> None:
    if _is_done(out / "vocabulary" / "tokenizer.json", "vocabulary", report):
        return
    if recipe.start is not None:
        copy_vocabulary(Path(recipe.start), out / "vocabulary")
        return
    texts = (file.text for file in read_files(out / "corpus" / "train.jsonl"))
    build_vocabulary(out / "vocabulary", texts, recipe.shape.vocabulary, recipe.shape.row_tokens)


def _train(out: Path, recipe: Recipe, run: Run, report: Report) -> None:
    """A checkpoint says itself whether the budget is spent; a larger one goes on from it."""
    from .rows import Steps
    from .train import train

    report("training: begins or goes on")
    steps = Steps(out / "corpus" / "train.jsonl", out / "vocabulary", recipe)
    progress = train(out / "training", steps, recipe, run, report)
    report(f"training: {progress.step} steps, {progress.tokens:,} tokens, {progress.seconds / 60:.1f} minutes")


def _export(out: Path, recipe: Recipe, report: Report) -> None:
    from .export import export

    checkpoint, weights = out / "training" / "checkpoint.pt", out / "model" / "model.safetensors"
    is_current = weights.is_file() and weights.stat().st_mtime_ns >= checkpoint.stat().st_mtime_ns
    if is_current and _is_done(weights, "export", report):
        return
    report("export: begins")
    export(checkpoint, out / "vocabulary", out / "model", recipe.shape)


def _evaluate(out: Path, run: Run, report: Report) -> None:
    # Every export takes the place of the whole folder, so figures that are there are of these weights.
    product = out / "model" / "eval.json"
    if _is_done(product, "evaluation", report):
        return
    figures = measure(out / "model", out / "corpus" / "heldout.jsonl", run.positions, product, report)
    report(
        json.dumps({way: figures[way]["all"] for way in ("psm", "psm_empty", "ltr", "copy", "copy_window")}, indent=1)
    )


def _is_done(product: Path, stage: str, report: Report) -> bool:
    done = product.is_file()
    report(f"{stage}: {'is there' if done else 'begins'}")
    return done
