"""A model that lies is one line on the command line, and one message of a server that lives on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from commands import Seekline
from safetensors.torch import load_file, save_file
from seekline import fim, model
from seekline.server.completion.complete import generate
from seekline.server.completion.contexts import Contexts
from seekline.server.completion.prompt_config import prompt_config
from seekline.server.completion.snapshot import Snapshot
from seekline.server.engines import local_model
from seekline.server.settings.config import merge
from seekline.server.settings.settings import Settings
from seekline.server.workspace import Workspace
from tiny_models import save_llama


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model. Tests must not write to it."""
    return save_llama(tmp_path_factory.mktemp("whole"))


def with_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")


def with_zeros(folder: Path) -> None:
    path = folder / "model.safetensors"
    zeros = {name: torch.zeros_like(weight) for name, weight in load_file(path).items()}
    save_file(zeros, path, {"format": "pt"})


def with_normalizer(folder: Path) -> None:
    path = folder / "tokenizer.json"
    bomb = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 1000}
    changed = {**json.loads(path.read_text("utf-8")), "normalizer": {"type": "Sequence", "normalizers": [bomb] * 9}}
    path.write_text(json.dumps(changed), "utf-8")


SPOILS: dict[str, Callable[[Path], object]] = {
    "no heads": lambda folder: with_config(folder, num_attention_heads=0),
    "no layers": lambda folder: with_config(folder, num_hidden_layers=0),
    "nested": lambda folder: (folder / "config.json").write_text("[" * 100_000, "utf-8"),
    "zeros": with_zeros,
    "a normalizer that multiplies": with_normalizer,
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_the_command_line_says_it_in_one_line(
    seekline: Seekline, file: str, whole: Path, tmp_path: Path, spoil: str
) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / "model"))
    SPOILS[spoil](folder)
    run = seekline("complete", f"{file}:2:12", "--model", str(folder), "--device", "cpu")
    assert run.code == 2
    assert "Traceback" not in run.err
    assert run.err.count("seekline:") == 1


@pytest.mark.parametrize("spoil", SPOILS)
def test_the_server_says_it_once_and_goes_on_with_another(whole: Path, tmp_path: Path, spoil: str) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / "model"))
    SPOILS[spoil](folder)
    reports: list[model.Report] = []
    engine = model.LocalEngine(reports.append)
    try:
        engine.load(local_model(settings_of(folder), folder))
        with pytest.raises(model.ModelError):
            engine.info().result(60)
        assert engine.status.state == "failed"
        (error,) = [report.error for report in reports if report.error]
        assert error.endswith(".")
        assert completes(engine, whole)
        assert engine.status.state == "ready"
    finally:
        assert engine.close(10)


def settings_of(folder: Path) -> Settings:
    values = {"model": str(folder), "device": "cpu", "max_new_tokens": 4, "threads": 1}
    return merge([]).settings.model_copy(update=values)


def completes(engine: model.LocalEngine, folder: Path) -> bool:
    settings = settings_of(folder)
    engine.load(local_model(settings, folder))
    document = fim.Document(
        path="a.py", language=fim.language_of_path("a.py"), lines=("def area(width):\n", "    return wid\n")
    )
    snapshot = Snapshot(
        document=document,
        cursor=fim.Cursor(line=1, column=14),
        project=Workspace([], []).project_of(folder / "a.py"),
    )
    config = prompt_config(engine.info().result(60), settings)
    return generate(snapshot, engine, config, Contexts(), explicit=False).new_tokens > 0
