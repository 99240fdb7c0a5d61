"""`seekline models pack`: a model's quantized weights as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ... import model
from ..engines import threads
from .complete import make_plan
from .console import err, print_line
from .effective import load_config
from .options import DeviceOption, FormatOption, QuantizationOption
from .outlook import size

NameArgument = Annotated[str, typer.Argument(help="A model that is on this machine, named as the setting `model` is.")]
ToOption = Annotated[Path, typer.Option("--to", metavar="FILE", help="The file to write.")]


def pack_model(
    name: NameArgument,
    to: ToOption,
    format: FormatOption = None,
    quantization: QuantizationOption = None,
    device: DeviceOption = None,
) -> None:
    """Save a model's weights as Seekline quantizes them, for the setting `packed_model`, here or on another machine.

    What else the model needs, such as its tokenizer, comes from the model itself.
    """
    config = load_config(Path.cwd(), model=name, model_format=format, quantization=quantization, device=device)
    plan = make_plan(config)
    with err.status("quantizing"):
        model.pack(plan, model.quantized_folder(), to, threads=threads(config.settings))
    print_line(f"{plan.source.name} ({plan.format}) is packed in {to}, {size(to.stat().st_size)}.")
