"""Every choice of the recipe on one page: what is read, what samples look like, how large the model is, how it learns.

All of it shapes the weights; what does not (the device, the time allowed, worker processes) is `Run`. A run keeps its
recipe in its folder, so that it never goes on with another one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import RecipeChanged
from .files import written_whole

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

RECIPE = "recipe.json"
HEAD_SIZE = 64
# Prefix and suffix that a measurement shows to the model; training makes its samples with this in mind.
EVALUATION_PREFIX_TOKENS = 400
EVALUATION_SUFFIX_TOKENS = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusChoice:
    """What is read. `sites`: site-packages folders; `libraries`: standard libraries, of which the first one's modules
    are held out; `repositories`: the folder of those that the mixture is fitted on, for other languages than Python."""

    sites: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    repositories: str | None = None
    held_out_packages: tuple[str, ...] = ("jedi", "networkx", "pygls")
    held_out_modules: tuple[str, ...] = ("asyncio", "email", "json", "tomllib")
    # No package may dominate: with the first model, five were half of the corpus.
    package_characters: int = 16_000_000
    tests_share: float = 0.25
    minimum_characters: int = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """What samples look like. The middle_* shares are of the samples with a hole, the others as named."""

    # Where there are other languages. Of these, the `common_languages` come twice as often as any other.
    python_share: float = 0.4
    common_languages: tuple[str, ...] = ("typescript", "javascript", "go", "rust", "java", "c")
    left_to_right_share: float = 0.15
    # Of the left-to-right samples: those encoded in two pieces, so that a cursor inside a word is no foreign sight.
    split_share: float = 0.6
    middle_line: float = 0.40
    middle_lines: float = 0.15
    middle_statement: float = 0.10
    middle_span: float = 0.10
    # Of the middles that begin in a line: those that do so anywhere, not at a word or a symbol.
    anywhere_share: float = 0.5
    # The cursor stands before a name that only the suffix, or only the far prefix, shows.
    middle_reaching: float = 0.25
    # Of the middles that end with a line: those that leave its closing brackets to the suffix, as editors write them.
    closers_share: float = 0.2
    empty_suffix_share: float = 0.25
    suffix_tokens: int = 128
    shortest_sample_tokens: int = 128
    full_row_share: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class LossWeights:
    """How much a target counts in the loss, by its kind. The first token of a middle decides whether the rest fits."""

    text: float = 1.0
    suffix: float = 0.4
    middle: float = 4.0
    first: float = 16.0
    # The first model seldom ended by itself; its end token weighed as much as any other of the middle.
    end: float = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSize:
    """The model: a Llama with heads of 64 and tied embeddings. `row_tokens` is its context, too."""

    hidden: int = 256
    layers: int = 6
    intermediate: int = 704
    vocabulary: int = 4096
    row_tokens: int = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Learning rates at their highest, and the shares of the budget over which they rise and fall."""

    muon: float = 0.02
    embedding: float = 0.01
    norm: float = 0.005
    weight_decay: float = 0.05
    warm_up_share: float = 0.01
    decay_share: float = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """`start`: the folder of an exported model, whose weights and vocabulary a run goes on from."""

    corpus: CorpusChoice = field(default_factory=CorpusChoice)
    mix: Mix = field(default_factory=Mix)
    weights: LossWeights = field(default_factory=LossWeights)
    shape: ModelSize = field(default_factory=ModelSize)
    rates: Rates = field(default_factory=Rates)
    tokens_per_step: int = 16_384
    seed: int = 0
    start: str | None = None

    @property
    def rows_per_step(self) -> int:
        return max(1, self.tokens_per_step // self.shape.row_tokens)


# Going on from a model that knows how to fill in: what the product asks of it, the rest of a line with nothing behind.
LATER_MIX = Mix(
    left_to_right_share=0.1,
    middle_line=0.80,
    middle_lines=0.04,
    middle_statement=0.02,
    middle_span=0.04,
    middle_reaching=0.10,
    anywhere_share=0.0,
    closers_share=0.0,
    empty_suffix_share=0.8,
    full_row_share=0.35,
)
LATER = Recipe(
    mix=LATER_MIX,
    weights=LossWeights(middle=3.0, first=6.0, end=4.0),
    rates=Rates(muon=0.006, embedding=0.003, norm=0.0015, weight_decay=0.0, warm_up_share=0.02, decay_share=0.9),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How one run is made. The budget is `steps` where it is given, else `minutes` of training."""

    minutes: float = 60.0
    steps: int | None = None
    device: str = "auto"
    # Processes that make rows; 0: the training process makes them itself.
    workers: int = 1
    threads: int | None = None
    save_minutes: float = 3.0
    log_steps: int = 20
    positions: int = 840


def keep_recipe(folder: Path, recipe: DataclassInstance) -> None:
    """Writes recipe.json into a new folder: a `Recipe`, or whatever else shapes what is made there. Raises
    `RecipeChanged` where the folder has another one."""
    keep_choices(folder, asdict(recipe), "Give the same options as before, or another --out.")


def keep_choices(folder: Path, choices: dict[str, Any], remedy: str) -> None:
    """The same for any choices that JSON can carry. `remedy`: where the folder was begun with others."""
    path = folder / RECIPE
    # Through JSON and back, so that a tuple here equals a list there.
    now = json.loads(json.dumps(choices))
    if not path.is_file():
        with written_whole(path) as draft:
            draft.write_text(json.dumps(now, indent=1) + "\n", "utf-8")
        return
    before = json.loads(path.read_text("utf-8"))
    if changed := list(_differences(before, now)):
        raise RecipeChanged(f"{folder} was begun with another recipe: {'; '.join(changed)}.", remedy)


def _differences(before: dict, now: dict, prefix: str = "") -> list[str]:
    """`corpus.sites was [...], is [...]` for each value that differs."""
    found = []
    for key in sorted(before.keys() | now.keys()):
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differences(old, new, f"{prefix}{key}.")
        elif old != new:
            found.append(f"{prefix}{key} was {old}, is {new}")
    return found
