"""docs/options.md says what options of other servers are called here: each of them is there, and changes something."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from seekline import model
from seekline.server.cli.main import create_app
from seekline.server.completion.prompt_config import prompt_config
from seekline.server.engines import local_model, model_request
from seekline.server.settings.settings import Settings, keys

TABLE = Path(__file__).parents[2] / "docs" / "options.md"
THEIRS = {
    "--huggingface-repo-id", "--weight-path", "--force-download", "--max-length", "--max-new-tokens", "--top-k",
    "--quantization-encoding", "--max-cache-batch-size", "--save-to-serialized-model-path", "--serialized-model-path",
    "--use-gpu 1", "--trust-remote-code", "--prompt", "--model-format", "--size-in-billions", "--model-name",
    "--model-engine", "--lora-modules",
}  # fmt: skip
VALUES: dict[str, Any] = {
    "model": "embedded",
    "max_length": 200,
    "max_new_tokens": 7,
    "quantization": "q6_k",
    "top_k": 3,
    "max_batch_size": 1,
    "packed_model": "/a/file",
    "device": "cpu",
    "trust_remote_code": ("owner/name",),
    "model_format": "gguf",
    "engine": "llama.cpp",
    "adapter": "/a/folder",
}


def rows() -> list[list[str]]:
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_option_that_users_of_others_know_is_in_the_table() -> None:
    named = {name for row in rows() for name in quoted(row[0])}
    assert named >= THEIRS
    assert all(len(row) == 5 and row[4] for row in rows())
    assert all(quoted(row[2]) or quoted(row[3]) for row in rows()), "each has a name here"


def test_every_setting_of_the_table_is_one_and_changes_something() -> None:
    named = {name for row in rows() for name in quoted(row[2])}
    assert named == VALUES.keys()
    for name in named:
        assert name in keys()
        assert effect({name: VALUES[name]}) != effect({}), name


def effect(given: dict[str, Any]) -> tuple[object, ...]:
    """What an engine and a prompt are asked for."""
    settings = Settings.model_validate(given)
    plan = model.make_plan(model.ModelRequest(model="embedded", device="cpu"), base=Path())
    prompts = prompt_config(model.info_of(plan, model.Tokenizer(plan.source.path)), settings)
    sizes = (prompts.prompt_tokens, prompts.max_new_tokens, prompts.sampling)
    return model_request(settings), local_model(settings, Path()), sizes


@pytest.mark.parametrize("option", sorted({name for row in rows() for name in quoted(row[3])}))
def test_every_option_of_the_table_is_there(option: str) -> None:
    *words, last = option.split()
    command: Any = typer.main.get_command(create_app())
    for word in [*words, *([] if last.startswith("--") else [last])]:
        command = command.commands[word]
    if last.startswith("--"):
        assert last in {spelling for parameter in command.params for spelling in parameter.opts}
