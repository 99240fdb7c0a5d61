"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ModelOption = Annotated[
    str | None, typer.Option("--model", "-m", help="A name, owner/name or ./folder, as the setting `model`.")
]
AdapterOption = Annotated[
    str | None, typer.Option("--adapter", metavar="DIR", help="A LoRA adapter's folder, as the setting `adapter`.")
]
DeviceOption = Annotated[str | None, typer.Option("--device", "-d", help="auto, cpu, cuda, cuda:1 or mps.")]
QuantizationOption = Annotated[
    str | None,
    typer.Option(
        "--quantization", "-q", help="auto, none, int8, nf4, int4, bfloat16, float32, or of a GGUF file, as q4_k_m."
    ),
]
FormatOption = Annotated[
    str | None, typer.Option("--format", "--model-format", help="auto, safetensors, gguf, gptq or awq.")
]
EngineOption = Annotated[str | None, typer.Option("--engine", help="auto, seekline or llama.cpp.")]
SizeOption = Annotated[
    str | None, typer.Option("--size", help="Billions of parameters of a series: --model deepseek-coder --size 6.7.")
]
NewTokensOption = Annotated[
    int | None, typer.Option("--max-new-tokens", help="Tokens of the completion at the most; -1: the whole context.")
]
LengthOption = Annotated[int | None, typer.Option("--max-length", help="Tokens of prompt and completion together.")]
TopKOption = Annotated[int | None, typer.Option("--top-k", help="Draw from so many likeliest tokens.")]
TemperatureOption = Annotated[float | None, typer.Option("--temperature", help="0 takes the likeliest token.")]
PackedOption = Annotated[
    str | None,
    typer.Option("--packed-model", metavar="FILE", help="The model's weights as `models pack` wrote them."),
]
TrustRemoteCodeOption = Annotated[
    list[str] | None,
    typer.Option("--trust-remote-code", metavar="NAME", help="A model whose own Python code may run; repeatable."),
]
OfflineOption = Annotated[bool | None, typer.Option("--offline/--no-offline", help="Never open a connection.")]
LibrariesOption = Annotated[
    bool | None, typer.Option("--libraries/--no-libraries", help="Show signatures of installed packages in prompts.")
]
StatisticsOption = Annotated[
    bool | None, typer.Option("--statistics/--no-statistics", help="Count locally what becomes of completions.")
]
RemoteUrlOption = Annotated[
    str | None, typer.Option("--remote-url", metavar="URL", help="Ask this server: your code is sent there.")
]
RemoteModelOption = Annotated[str | None, typer.Option("--remote-model", metavar="NAME", help="Its name there.")]
RemoteTokenizerOption = Annotated[
    str | None, typer.Option("--remote-tokenizer", metavar="MODEL", help="A model here that has its tokenizer.")
]
RemotePromptOption = Annotated[str | None, typer.Option("--remote-prompt", help="auto, ids, suffix or text.")]
RemoteKeyOption = Annotated[str | None, typer.Option("--remote-key", help="auto, none, keyring or env:NAME.")]
ShareOption = Annotated[
    bool | None,
    typer.Option("--share/--no-share", help="Use the one engine process of all editors, or hold the model."),
]
KeepOption = Annotated[
    str | None,
    typer.Option("--engine-keep-seconds", help="How long that process stays after the last editor; or always."),
]
MemoryOption = Annotated[
    str | None, typer.Option("--engine-memory-gb", help="The most that its models may take together; or auto.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
TokenizerOption = Annotated[
    Path | None,
    typer.Option("--tokenizer", metavar="DIR", help="Count with the tokenizer.json of this folder, not the model's."),
]
