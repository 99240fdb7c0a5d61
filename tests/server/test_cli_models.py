"""`seekline models` and the table of `seekline doctor`: nothing is cut off, and quantized copies are seen and go."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from time import time
from types import SimpleNamespace

import pytest
from commands import Seekline
from seekline import model
from seekline.server.cli.console import out
from tiny_models import save_llama

REPOSITORY = "deepseek-ai/deepseek-coder-1.3b-base"
NAME = "deepseek-coder-1.3b-base"


@pytest.fixture
def cache(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of quantized copies, which is empty."""
    folder = own_home / "quantized"
    folder.mkdir()
    monkeypatch.setattr(model, "quantized_folder", lambda: folder)
    return folder


@pytest.fixture
def hub(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Hugging Face cache, which is empty."""
    folder = own_home / "hub"
    folder.mkdir()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
    monkeypatch.setattr("huggingface_hub.utils._cache_manager.HF_HUB_CACHE", str(folder))
    return folder


def add_to_hub(hub: Path, repository: str) -> Path:
    """A small model as the hub library keeps it; its folder."""
    commit = "0" * 40
    folder = hub / f"models--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(commit, "utf-8")
    return save_llama(folder / "snapshots" / commit, hidden_size=128)


def quantize(folder: Path, cache: Path) -> Path:
    """Loads a model in four bits, which leaves a copy; its file."""
    before = set(cache.iterdir())
    plan = model.make_plan(model.ModelRequest(model=str(folder), device="cpu", quantization="int4"), base=folder)
    model.load_model(plan, threads=1, cache=cache)
    (file,) = set(cache.iterdir()) - before
    return file


@pytest.mark.parametrize("command", [["models", "list"], ["doctor"]], ids=" ".join)
@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("free_gb", [3, 24, 900])
@pytest.mark.usefixtures("cache")
def test_names_are_whole_on_a_terminal(
    seekline: Seekline, monkeypatch: pytest.MonkeyPatch, command: list[str], width: int, free_gb: int
) -> None:
    memory = SimpleNamespace(total=free_gb * 10**9, available=free_gb * 10**9)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    for name, value in {"_force_terminal": True, "_width": width, "_height": 25}.items():
        monkeypatch.setattr(out, name, value)
    run = seekline(*command)
    assert run.code == 0
    shown = run.out
    for name in model.all_entries():
        assert f"{name} " in shown
    table = [line for line in shown.splitlines() if "deepseek-coder" in line]
    assert all(len(line.rstrip()) <= width for line in table)
    assert "…" not in "".join(table)
    formats = ("int", "nf4", "too large", "16", " Q")
    assert all("GB" in line and any(format in line for format in formats) for line in table)
    has_context = any("163,840" in line for line in table)
    assert has_context == (width >= 80), "what is less important gives way"


@pytest.mark.parametrize("columns", [40, 80, None])
@pytest.mark.parametrize("command", [["models", "list"], ["doctor"], ["config"]], ids=" ".join)
def test_a_pipe_gets_everything(
    seekline: Seekline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str], columns: int | None
) -> None:
    monkeypatch.setattr(out, "_width", columns)
    deep = tmp_path / "/".join(["a folder with a long name"] * 6)
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    (deep / "seekline.toml").write_text("debounce_ms = 20", "utf-8")
    monkeypatch.setenv("HF_HUB_CACHE", str(deep))
    printed = seekline(*command).out
    assert "…" not in printed
    if command == ["config"]:
        (line,) = (line for line in printed.splitlines() if line.split()[0] == "debounce_ms")
        assert line.rstrip().endswith(f" {deep / 'seekline.toml'}")
    else:
        lines = printed.splitlines()
        for entry in model.all_entries().values():
            assert any(entry.name in line and f"{entry.context_tokens:,}" in line for line in lines)


def test_the_list_says_how_each_model_would_run(seekline: Seekline, hub: Path, cache: Path) -> None:
    rows = {row["name"]: row for row in seekline("models", "list", "--json").json["models"]}
    expected = {one.entry.name: one for one in model.outlooks(model.ModelRequest(sequence_tokens=4096))}
    for name, row in rows.items():
        plan = expected[name].plan
        assert (row["runs_in"] is None) == (plan is None) == (row["problem"] is not None)
        assert row["memory_bytes"] > 0
        assert row["fills_in"] == model.all_entries()[name].fills_in
    assert rows["embedded"]["runs_in"] == "float32"
    assert rows["embedded"]["auto"]
    assert not rows["deepseek-coder-6.7b-instruct"]["auto"]


def test_a_device_that_is_not_here_is_said_and_the_list_is_shown(seekline: Seekline, tmp_path: Path) -> None:
    (tmp_path / "seekline.toml").write_text('device = "cuda:9"', "utf-8")
    run = seekline("models", "list")
    assert run.code == 0
    assert "There is no device 'cuda:9'" in run.err
    assert NAME in run.out
    assert seekline("doctor").code == 1


def test_copies_are_listed(seekline: Seekline, hub: Path, cache: Path, tmp_path: Path) -> None:
    assert seekline("models", "list", "--json").json["copies"] == []
    files = [
        quantize(add_to_hub(hub, REPOSITORY), cache),
        quantize(save_llama(tmp_path / "mine", hidden_size=128), cache),
    ]
    (cache / "broken.safetensors").write_bytes(b"half a file")
    for age, file in enumerate([*files, cache / "broken.safetensors"]):
        os.utime(file, (time() - 1000 * age, time() - 1000 * age))
    (tmp_path / "mine").rename(tmp_path / "elsewhere")
    found = seekline("models", "list", "--json").json["copies"]
    mine = str((tmp_path / "mine").resolve())
    assert [(one["model"], one["state"]) for one in found] == [(NAME, "current"), (mine, "gone"), (None, "gone")]
    assert [one["bytes"] for one in found[:2]] == [file.stat().st_size for file in files]
    assert found[0]["path"] == str(files[0])
    assert found[0]["last_used"] > found[1]["last_used"]
    shown = seekline("models", "list").out
    assert "quantized copies of" in shown
    assert mine in shown
    assert str(cache) in shown


def test_a_removed_model_takes_its_copies_along(seekline: Seekline, hub: Path, cache: Path, tmp_path: Path) -> None:
    folder, other = add_to_hub(hub, REPOSITORY), save_llama(tmp_path / "mine", hidden_size=128)
    quantize(folder, cache)
    others = quantize(other, cache)
    run = seekline("models", "remove", NAME, "--yes")
    assert run.code == 0, run.err
    assert f"{REPOSITORY} is removed" in run.out
    assert list(cache.iterdir()) == [others]
    assert not folder.exists()


@pytest.mark.parametrize("name", [NAME, REPOSITORY, REPOSITORY.upper()])
def test_copies_of_a_model_that_is_gone_can_be_removed_by_its_name(
    seekline: Seekline, hub: Path, cache: Path, name: str
) -> None:
    quantize(add_to_hub(hub, REPOSITORY), cache)
    shutil.rmtree(hub / f"models--{REPOSITORY.replace('/', '--')}")
    assert seekline("models", "remove", name, "--yes").code == 0
    assert list(cache.iterdir()) == []
    run = seekline("models", "remove", name, "--yes")
    assert run.code == 2
    assert "is not on this machine" in run.err


def test_of_a_folder_only_the_copies_are_removed(seekline: Seekline, cache: Path, tmp_path: Path) -> None:
    quantize(save_llama(tmp_path / "mine", hidden_size=128), cache)
    others = quantize(save_llama(tmp_path / "other", hidden_size=128), cache)
    run = seekline("models", "remove", "./mine")
    assert run.code == 2
    assert "Add --yes to agree" in run.err
    assert seekline("models", "remove", "./mine", "--yes").code == 0
    assert list(cache.iterdir()) == [others]
    assert (tmp_path / "mine" / "model.safetensors").is_file()
    assert "There are no quantized copies of" in seekline("models", "remove", "./mine", "--yes").err


def test_all_copies_of_what_is_gone_are_removed_at_once(seekline: Seekline, cache: Path, tmp_path: Path) -> None:
    for name in ("gone", "stale", "current"):
        folder = save_llama(tmp_path / name, hidden_size=128)
        current = quantize(folder, cache)
    shutil.rmtree(tmp_path / "gone")
    os.utime(tmp_path / "stale" / "model.safetensors", ns=(0, 0))
    (cache / "broken.safetensors").write_bytes(b"half a file")
    assert seekline("models", "remove", "--gone", "--yes").code == 0
    assert list(cache.iterdir()) == [current]
    assert "There are no quantized copies of models that are not here" in seekline("models", "remove", "--gone").err


@pytest.mark.parametrize("arguments", [[], [NAME, "--gone"]])
def test_what_to_remove_must_be_said(seekline: Seekline, arguments: list[str]) -> None:
    run = seekline("models", "remove", *arguments)
    assert run.code == 2
    assert "either a model's name or --gone" in run.err


def test_a_copy_that_cannot_be_deleted_is_said(
    seekline: Seekline, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = quantize(save_llama(tmp_path / "mine", hidden_size=128), cache)

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "in use", str(self))

    monkeypatch.setattr(Path, "unlink", refuse)
    run = seekline("models", "remove", "./mine", "--yes")
    assert f"{file} cannot be deleted" in " ".join(run.err.split())
    assert "0.0 MB are free again" in run.out


def test_doctor_says_why_the_c_code_does_not_compute(seekline: Seekline, monkeypatch: pytest.MonkeyPatch) -> None:
    why = "Seekline's C code is not compiled here: a reason."
    monkeypatch.setattr(model, "why_not_compiled", lambda: why)
    run = seekline("doctor")
    assert run.code == 0
    assert why in run.out
