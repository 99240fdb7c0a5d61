"""`seekline models download`: in the format that is wanted, the file that is wanted; then it completes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fake_hub
import pytest
from commands import Seekline
from gguf_models import save_llama_gguf
from seekline import model
from tiny_models import save_llama

NAME = "deepseek-coder-1.3b-base"
KNOWN, OWN, OTHER = f"TheBloke/{NAME}-GGUF", f"deepseek-ai/{NAME}", "someone/small-GGUF"
PROMPT = ["complete", "--prompt", "x = ", "--json", "--device", "cpu"]


@pytest.fixture
def hub(
    tmp_path: Path, empty_hub_cache: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[fake_hub.Hub]:
    """A small model, as its makers have it, and as GGUF under two names."""
    folders = {name: own_home / name for name in (KNOWN, OWN, OTHER)}
    save_llama(folders[OWN])
    for folder in (folders[KNOWN], folders[OTHER]):
        folder.mkdir(parents=True)
    for kind in ("Q4_0", "Q8_0"):
        file = save_llama_gguf(folders[OWN], folders[KNOWN] / f"{NAME}.{kind}.gguf", kind)
        (folders[OTHER] / f"small-{kind.lower()}.gguf").write_bytes(file.read_bytes())
    monkeypatch.setattr(model, "quantized_folder", lambda: own_home / "quantized")
    with fake_hub.serve(folders) as served:
        fake_hub.use(served, monkeypatch)
        monkeypatch.setattr("huggingface_hub.utils._cache_manager.HF_HUB_CACHE", str(empty_hub_cache))
        yield served


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_gguf_file_of_the_catalogue(seekline: Seekline, hub: fake_hub.Hub) -> None:
    run = seekline("models", "download", NAME, "--format", "gguf", "--quantization", "q4_0", "--yes")
    assert run.code == 0, run.err
    assert f"{NAME} as gguf Q4_0 (0.8 GB) is under the DeepSeek Model License 1.0." in words(run.err)
    assert f"{NAME}.Q4_0.gguf" in run.out
    assert not any("Q8_0.gguf" in line for line in hub.asked)
    run = seekline(*PROMPT, "--model", NAME)
    assert run.code == 0, run.err
    assert run.json["model"] == NAME
    rows = {row["name"]: row for row in seekline("models", "list", "--json").json["models"]}
    assert rows[NAME]["installed"]
    shown = seekline("models", "show", NAME, "--json").json["formats"]
    assert [row["quantization"] for row in shown if row["installed"]] == ["Q4_0"]
    assert seekline("models", "remove", NAME, "--yes").code == 0
    assert seekline(*PROMPT, "--model", NAME).code == 2


def test_without_a_format_what_suits_the_machine_is_fetched_and_said(seekline: Seekline, hub: fake_hub.Hub) -> None:
    run = seekline("models", "download", NAME, "--yes")
    assert run.code == 0, run.err
    assert f"{NAME} as safetensors (2.7 GB)" in words(run.err)
    assert not any(".gguf" in line for line in hub.asked)


@pytest.mark.parametrize("name", [f"{OTHER}:Q8_0", f"{OTHER}/small-q8_0.gguf"])
def test_a_file_of_any_repository(seekline: Seekline, hub: fake_hub.Hub, name: str) -> None:
    run = seekline("models", "download", name, "--yes")
    assert run.code == 0, run.err
    assert f"The licence of {OTHER} is at https://huggingface.co/{OTHER}" in words(run.err)
    assert run.out.rstrip().endswith("small-q8_0.gguf")
    assert not any("q4_0.gguf" in line for line in hub.asked)
    assert seekline(*PROMPT, "--model", name).code == 0
    assert seekline(*PROMPT, "--model", OTHER).json["model"] == OTHER


def test_of_any_gguf_repository_the_file_that_suits_the_machine(seekline: Seekline, hub: fake_hub.Hub) -> None:
    run = seekline("models", "download", OTHER, "--yes")
    assert run.code == 0, run.err
    assert run.out.rstrip().endswith("small-q4_0.gguf"), "a CPU reads four bits"


def test_a_repository_of_the_catalogue_has_its_models_licence(seekline: Seekline, hub: fake_hub.Hub) -> None:
    run = seekline("models", "download", f"{KNOWN}:Q8_0", "--yes")
    assert run.code == 0, run.err
    assert "DeepSeek Model License 1.0" in run.err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([f"{OTHER}:Q6_K"], "has no file as gguf Q6_K"),
        ([NAME, "--format", "awq", "--quantization", "q4_0"], "is not published as awq Q4_0"),
        (["deepseek-coder-v2-lite-base", "--format", "gptq"], "Its formats: safetensors, gguf Q8_0"),
        ([f"{OTHER}:Q7"], "No GGUF file has the quantization 'Q7'"),
        (["replit-code-v1-3b"], "could not be downloaded"),
        (["embedded"], "comes with Seekline"),
        (["./folder"], "There is no model named"),
    ],
)
def test_what_cannot_be_fetched_is_said(
    seekline: Seekline, hub: fake_hub.Hub, arguments: list[str], problem: str
) -> None:
    run = seekline("models", "download", *arguments, "--yes")
    assert run.code == 2
    assert problem in words(run.err)
