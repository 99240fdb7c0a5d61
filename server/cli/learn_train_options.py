"""The options of `seekline learn train`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Targets(str, Enum):
    all = "all"
    attention = "attention"


class HeldOut(str, Enum):
    auto = "auto"
    time = "time"
    hash = "hash"


FolderArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FOLDER]",
        help="The repository that the samples are of, and the adapter for; without it, that of the current folder.",
    ),
]
SamplesOption = Annotated[
    Path, typer.Option("--samples", metavar="DIR", help="What `learn data` wrote: its folder, or samples.jsonl.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Where the training is kept; else in the user's cache.")
]
TargetsOption = Annotated[Targets, typer.Option(help="Which linear layers: all seven, or the four of attention.")]
RankOption = Annotated[int, typer.Option("--rank", "-r", min=1, max=512)]
AlphaOption = Annotated[int, typer.Option(min=1, max=4096, help="The adapter is multiplied by alpha / rank.")]
DropoutOption = Annotated[float, typer.Option(min=0, max=0.9)]
RateOption = Annotated[
    float | None, typer.Option(help="AdamW's, at its highest; else what suits the width of the model.")
]
BatchOption = Annotated[int, typer.Option("--batch-tokens", min=64, max=1 << 22, help="Of one step.")]
RowOption = Annotated[
    int, typer.Option("--row-tokens", min=64, max=1 << 17, help="Of one sample; longer prompts are cut on their left.")
]
EpochsOption = Annotated[int, typer.Option(min=1, max=100)]
MinutesOption = Annotated[float, typer.Option(min=0, help="Of training at most; 0: as long as the epochs take.")]
HeldOutOption = Annotated[
    HeldOut, typer.Option("--held-out", help="Which files are measured on: the latest (time), some (hash), or auto.")
]
ElsewhereOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--elsewhere",
        metavar="DIR",
        help="Other code, which must not get worse; repeatable. Python's standard library without it.",
    ),
]
PatienceOption = Annotated[
    int, typer.Option(min=1, max=100, help="So many measurements in a row without a gain end the training.")
]
MeasuredOption = Annotated[
    int, typer.Option(min=10, max=100_000, help="So many held-out samples are measured on, and as many of other code.")
]
QloraOption = Annotated[
    bool | None,
    typer.Option("--qlora/--no-qlora", help="The base in four bits (a GPU); else where memory asks for it."),
]
SeedOption = Annotated[int, typer.Option(min=0)]
ThreadsOption = Annotated[int | None, typer.Option(min=1, max=1024, help="On the CPU; else the setting `threads`.")]
RestartOption = Annotated[bool, typer.Option("--restart", help="Begin anew, whatever was trained before.")]
