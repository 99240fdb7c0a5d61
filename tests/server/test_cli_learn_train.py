"""`seekline learn train` as it is typed: what is printed, where things come to lie, and what is refused."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import typer
from commands import Run
from lora_samples import OTHER_CODE, habits, sample, write
from seekline import model
from seekline.learn.lora.options import Options, usual_rate
from seekline.learn.lora.options import Run as TrainingRun
from seekline.server.cli import boundary
from seekline.server.cli.learn_train import train
from seekline.server.settings.config import user_file
from tiny_models import save_llama

Train = Callable[..., Run]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Train:
    """Runs the command in a repository with samples and a tiny model."""
    import torch

    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    monkeypatch.chdir(project)
    monkeypatch.setenv("SEEKLINE_ADAPTERS", str(tmp_path / "adapters"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    write(project / "samples.jsonl", habits())
    (tmp_path / "others").mkdir()
    for number in range(8):
        (tmp_path / "others" / f"{number}.py").write_text(OTHER_CODE.replace("area", f"area_{number}"), "utf-8")
    save_llama(project / "tiny", initializer_range=0.05)
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(train)

    def run(*arguments: str, model: str | None = "./tiny") -> Run:
        capsys.readouterr()
        named = ["--model", model] if model is not None else []
        with pytest.raises(SystemExit) as ended:
            boundary.run(lambda: app([*named, *arguments]))
        printed = capsys.readouterr()
        return Run(int(ended.value.code or 0), printed.out, " ".join(printed.err.split()))

    return run


SMALL = ("--samples", "samples.jsonl", "--epochs", "1", "--measured", "20", "--row-tokens", "256", "--device", "cpu")
OTHERS = ("--elsewhere", "../others")


def test_a_gain(run: Train, tmp_path: Path, own_home: Path) -> None:
    """One line says so; the adapter is in force and all figures lie in the user's cache; again, nothing is trained."""
    pytest.importorskip("peft", reason="peft is not installed: `make test` installs it")
    first = run(*SMALL, *OTHERS, "--rate", "3e-3", "--batch-tokens", "512")
    assert first.code == 0, first.err
    assert first.out.startswith("Gain: held-out loss "), first.out
    (adapter,) = (tmp_path / "adapters").glob("*/*/*/adapter_model.safetensors")
    assert str(adapter.parent) in first.out
    (report,) = (own_home / ".cache" / "seekline" / "learning").glob("*/*/report.json")
    assert json.loads(report.read_text("utf-8"))["gain"] is True
    assert report.with_name("report.html").is_file()
    assert "Warning" not in first.err
    again = run(*SMALL, *OTHERS, "--rate", "3e-3", "--batch-tokens", "512", "--json")
    assert again.json["adapter"] == str(adapter.parent)
    assert again.json["date"] == json.loads(report.read_text("utf-8"))["date"]


def test_the_rate_follows_the_width() -> None:
    rates = [usual_rate(hidden) for hidden in (256, 576, 2048, 4096)]
    assert rates == [0.0025, 0.0013, 0.0005, 0.00029]
    assert rates[0] == Options().rate


def test_no_gain_is_no_error(run: Train, tmp_path: Path) -> None:
    pytest.importorskip("peft", reason="peft is not installed: `make test` installs it")
    found = run(*SMALL, *OTHERS, "--rate", "1e-9", "--out", "here", "--targets", "attention", "--held-out", "hash")
    assert found.code == 0, found.err
    assert found.out.startswith("No gain: held-out loss ")
    assert len(found.out.splitlines()) == 1
    assert (tmp_path / "project" / "here" / "report.json").is_file()
    assert not (tmp_path / "adapters").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "There are no samples in learning-data. Make some first: seekline learn data /"),
        (("--samples", "nowhere"), "There are no samples in nowhere"),
        (("--samples", "samples.jsonl", "nowhere"), "nowhere is no folder"),
        (("--samples", "samples.jsonl", "--elsewhere", "nowhere"), "nowhere is no folder"),
        (("--samples", "samples.jsonl", "--elsewhere", "."), "--elsewhere names the repository itself"),
        (("--samples", "samples.jsonl", "--elsewhere", "tiny"), "--elsewhere names a folder of the repository"),
        (("--samples", "samples.jsonl", "--elsewhere", ".."), "--elsewhere names a folder with the repository in it"),
        (("--samples", "samples.jsonl", "--elsewhere", "../project/../project"), "names the repository itself"),
        (("--samples", "samples.jsonl", "--targets", "some"), "Invalid value for '--targets'"),
        (("--samples", "samples.jsonl", "--held-out", "luck"), "Invalid value for '--held-out'"),
        (("--samples", "samples.jsonl", "--rate", "0"), "--rate 0.0 is not between"),
        (("--samples", "samples.jsonl", "--batch-tokens", "64"), "--batch-tokens is below --row-tokens"),
        (("--samples", "samples.jsonl", "--model", "./nowhere"), "There is no folder or file"),
        (("--samples", "samples.jsonl", "--model", "deepseek-coder-1.3b-base"), "models download"),
        (("--samples", "samples.jsonl", "--device", "cuda:7"), "There is no device 'cuda:7'"),
        (("--samples", "other.jsonl", "--out", "here"), "made for another model"),
        (("--samples", "empty.jsonl", "--out", "here"), "has no samples"),
        (("--samples", "three.jsonl", "--out", "here"), "of 3 files; 4 are the least"),
        (("--samples", "samples.jsonl", "--out", "samples.jsonl"), "cannot be written"),
    ],
)
def test_what_is_refused(run: Train, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    project = tmp_path / "project"
    text = write(project / "other.jsonl", habits()).read_text("utf-8")
    (project / "other.jsonl").write_text(text.replace("<｜fim▁end｜>", "<fim_end>"), "utf-8")
    write(project / "empty.jsonl", [])
    write(project / "three.jsonl", [sample(f"{number}.py") for number in range(3)])
    found = run(*options)
    assert found.code == 2
    assert message in found.err
    assert "Traceback" not in found.err
    assert not found.out


def test_without_a_folder_it_is_the_repository_of_the_current_one(
    run: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of `learn data`, `learn forget` and the server."""
    (tmp_path / "project" / "src").mkdir()
    monkeypatch.chdir(tmp_path / "project" / "src")
    found = run("--samples", "nowhere", model="../tiny")
    assert found.code == 2
    assert f"seekline learn data {tmp_path / 'project'}." in found.err
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "exists", lambda path: False)
    assert "is in no git repository. Name the folder" in run("--samples", "project/samples.jsonl").err


@pytest.mark.parametrize("restart", [(), ("--restart",)])
@pytest.mark.parametrize(
    "names", [("thesis.txt",), ("recipe.json", "report.json", "samples.jsonl"), ("report.json",), ("recipe.json",)]
)
def test_a_folder_of_something_else_is_refused(
    run: Train, tmp_path: Path, names: tuple[str, ...], restart: tuple[str, ...]
) -> None:
    """As that of the samples; nothing in it is touched."""
    project = tmp_path / "project"
    (project / "here").mkdir()
    for name in names:
        (project / "here" / name).write_text('{"options": {}, "samples": 3}', "utf-8")
    found = run("--samples", "samples.jsonl", "--out", "here", *restart)
    assert found.code == 2
    assert "nothing is written there" in found.err
    assert "--out DIR" in found.err
    assert "Traceback" not in found.err
    assert {path.name: path.read_text("utf-8") for path in (project / "here").iterdir()} == dict.fromkeys(
        names, '{"options": {}, "samples": 3}'
    )


def test_a_model_of_a_server_is_refused(run: Train, tmp_path: Path) -> None:
    user_file().parent.mkdir(parents=True)
    user_file().write_text('remote_url = "http://localhost:1"\n', "utf-8")
    assert "no adapter is trained for here" in run("--samples", "samples.jsonl", model=None).err


def test_no_memory_for_the_base(run: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before anything is loaded."""
    find = model.find_device

    def small(name: str) -> model.Device:
        return replace(find(name), free_bytes=1_000_000)

    monkeypatch.setattr("seekline.learn.lora.learn_adapter.find_device", small)
    found = run(*SMALL, *OTHERS)
    assert found.code == 2
    assert "Training needs about" in found.err
    assert "Choose a smaller model" in found.err


def test_the_defaults_are_those_of_the_options() -> None:
    given = {name: parameter.default for name, parameter in inspect.signature(train).parameters.items()}
    for name, value in asdict(Options()).items():
        if name in given and name != "rate":
            assert getattr(given[name], "value", given[name]) == value, name
    assert given["minutes"] == TrainingRun().minutes


def test_the_help_loads_nothing() -> None:
    code = (
        "import sys, typer\nfrom seekline.server.cli.learn_train import train\napp = typer.Typer()\n"
        "app.command()(train)\ntry:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('torch', 'peft', 'transformers', 'datasketch', 'seekline.learn') if m in sys.modules])"
    )
    found = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert found.splitlines()[-1] == "[]"
