"""`seekline eval`: how well your own repository is completed, in several ways beside each other."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ..errors import BadRequest
from ..state_folder import state_folder
from .console import err, print_note
from .options import AdapterOption, DeviceOption, QuantizationOption

if TYPE_CHECKING:
    from ...learn.eval.places import Place
    from ...learn.eval.report import Report
    from ...learn.middles import Kind
    from .asking import FolderRepository

_PLACES = 60
_KINDS = ("line", "span", "block")
FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="The repository.", show_default="this one")]
PlacesOption = Annotated[int, typer.Option("--places", "-n", min=1, max=100_000, help="How many are measured.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Another one draws other places.")]
KindOption = Annotated[
    list[str] | None, typer.Option("--kind", metavar="KIND", help="line, span or block; repeatable. All in turn.")
]
ModelsOption = Annotated[
    list[str] | None, typer.Option("--model", "-m", metavar="NAME", help="A model to measure; repeatable.")
]
WithOption = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="PART", help="Also with other-files, adapter, copies or guide; repeatable."),
]
WithoutOption = Annotated[
    list[str] | None, typer.Option("--without", metavar="PART", help="Also without one of them; repeatable.")
]
VariantOption = Annotated[
    list[str] | None,
    typer.Option("--variant", metavar="NAME", help='Only these: "as it is", "model alone", "with ..."; repeatable.'),
]
HtmlOption = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Where the page goes, if not where Seekline keeps it.")
]
JsonFileOption = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write all as JSON.")]


def eval(
    folder: FolderArgument = Path(),
    places: PlacesOption = _PLACES,
    seed: SeedOption = 7,
    kind: KindOption = None,
    model: ModelsOption = None,
    with_parts: WithOption = None,
    without_parts: WithoutOption = None,
    variant: VariantOption = None,
    html: HtmlOption = None,
    json_file: JsonFileOption = None,
    quantization: QuantizationOption = None,
    device: DeviceOption = None,
    adapter: AdapterOption = None,
) -> None:
    """Measure how well lines, spans and blocks of your own code are completed, what you are working on first.

    No file is changed. Only a `remote_url` that you have set is asked over the network. Published sets: `eval-set`.
    """
    from ...learn.eval.controls import CONTROLS
    from .eval_run import Measurement
    from .eval_variants import chosen_variants

    variants = chosen_variants(variant or (), with_parts or (), without_parts or (), CONTROLS)
    root = _folder(folder)
    page = html or _usual_page(root)
    for path in filter(None, (html, json_file)):
        _check_writable(path)
    options = {"quantization": quantization, "device": device, "adapter": adapter}
    measurement = Measurement(root, variants, options)
    notes, drawn = _draw(measurement.repository, places, _kinds(kind), seed)
    try:
        measurement.run(drawn, model or [None])
    finally:
        # Also where it was stopped: hours may be in what was measured so far.
        if any(measurement.found.values()):
            _tell(measurement.report(notes, seed), page, json_file)


def _folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise BadRequest(f"There is no folder {folder}.", "Name the folder of a repository.")
    return folder.resolve()


def _kinds(given: Sequence[str] | None) -> tuple[Kind, ...]:
    for kind in given or ():
        if kind not in _KINDS:
            raise BadRequest(f"There is no kind {kind!r}.", f"There are: {', '.join(_KINDS)}.")
    return tuple(kind for kind in ("line", "span", "block") if not given or kind in given)


def _draw(repository: FolderRepository, number: int, kinds: Sequence[Kind], seed: int) -> tuple[list[str], list[Place]]:
    """What is to be told of the places, and the places."""
    from ...learn.eval.places import draw_places
    from ...learn.history import History

    notes: list[str] = []
    with err.status("drawing places"):
        history = History.of(repository.root)
        drawn = draw_places(repository, history, number, kinds=kinds, seed=seed)
    if not drawn:
        raise BadRequest(
            f"There is no code to measure at in {repository.root}.",
            "Name a folder with sources that are not ignored, in a language of which Seekline has a grammar.",
        )
    if history.problem is not None:
        notes.append(f"Not by what was worked on last: {history.problem}.")
    if len(drawn) < number:
        notes.append(f"There are {len(drawn)} places, not {number}: no more lines, spans or blocks are left.")
    for note in notes:
        print_note(note)
    return notes, drawn


def _usual_page(root: Path) -> Path:
    """Among what Seekline keeps for the user: it shows their code, and belongs into no repository."""
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:8]
    return state_folder() / "eval" / f"{root.name or 'root'}-{digest}.html"


def _check_writable(path: Path) -> None:
    """Before hours are spent. Raises `BadRequest`."""
    parent = path.absolute().parent
    if path.is_dir() or not parent.is_dir() or not os.access(parent, os.W_OK):
        raise BadRequest(f"{path} cannot be written.", "Name a file in a folder that you may write to.")


def _tell(report: Report, page: Path, json_file: Path | None) -> None:
    from ...learn.eval.page import write_page
    from ...learn.files import written_whole
    from .eval_table import print_report

    print_report(report)
    try:
        page.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_page(report, page)
        err.print(f"[dim]{escape(str(page))}[/]", highlight=False, soft_wrap=True)
        if json_file is not None:
            with written_whole(json_file) as draft:
                draft.write_text(json.dumps(report.as_json()), "utf-8")
    except OSError as error:
        raise BadRequest(
            f"{error.filename or page} cannot be written: {error.strerror or error}.",
            "The figures stand above. Make room, or name another file.",
        ) from error
