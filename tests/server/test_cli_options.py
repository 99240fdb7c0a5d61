"""Options that users of other model servers know: a prompt, a size, a format, lengths, and a packed model."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Seekline
from seekline import model
from seekline.server.completion.prompt_config import prompt_config
from seekline.server.engines import model_request
from seekline.server.settings.settings import Settings
from tiny_models import save_llama


def test_a_prompt_is_completed(seekline: Seekline) -> None:
    run = seekline("complete", "--prompt", "import json\n\ndef load(path):\n    return json.", "--json")
    assert run.code == 0, run.err
    assert run.json["completion"]
    shown = seekline("complete", "--prompt", "import json\n\ndef load(path):\n    return json.").out
    assert "return json." in shown


def test_a_prompt_that_ends_a_line_is_gone_on_with_on_the_next(seekline: Seekline) -> None:
    run = seekline("complete", "--prompt", "def fibonacci(n):", "--json")
    assert run.code == 0, run.err
    assert run.json["completion"].startswith("\n")


def test_a_prompt_reads_no_other_files(seekline: Seekline, tmp_path: Path) -> None:
    alone = seekline("complete", "--prompt", "from shapes import Circle\nCircle(", "--json").json["prompt_tokens"]
    (tmp_path / "shapes.py").write_text("class Circle:\n    def __init__(self, radius): ...\n", "utf-8")
    assert (
        seekline("complete", "--prompt", "from shapes import Circle\nCircle(", "--json").json["prompt_tokens"] == alone
    )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "Name one place, or give --prompt."),
        (["main.py:1:1", "--prompt", "x"], "Name one place, or give --prompt."),
        (["main.py:1:1", "--language", "go"], "--language is of --prompt"),
        (["--prompt", "x", "--language", "klingon"], "There is no language 'klingon'."),
        (["--prompt", "x", "--size", "8"], "There is no model of the series deepseek-coder with 8 billion"),
        (["--prompt", "x", "--model", "nobody", "--size", "7"], "Its sizes: none."),
        (["--prompt", "x", "--max-new-tokens", "0"], "max_new_tokens must be -1 or a whole number"),
        (["--prompt", "x", "--top-k", "0"], 'top_k must be "all" or a whole number'),
        (["--prompt", "x", "--format", "onnx"], 'model_format must be one of "auto", "safetensors", "pytorch"'),
    ],
)
def test_what_is_wrong_is_said(seekline: Seekline, file: str, arguments: list[str], problem: str) -> None:
    run = seekline("complete", *arguments)
    assert run.code == 2
    assert problem in " ".join(run.err.split())


def test_a_size_chooses_of_a_series(seekline: Seekline, empty_hub_cache: Path) -> None:
    run = seekline("complete", "--prompt", "x", "--size", "6_7", "--format", "gguf", "--quantization", "Q4_K")
    assert run.code == 2
    assert "deepseek-coder-6.7b-base is not on this machine as gguf Q4_K_M." in " ".join(run.err.split())
    assert "models download deepseek-coder-6.7b-base --format gguf --quantization q4_k_m" in " ".join(run.err.split())


def test_a_completion_is_no_longer_than_wanted(seekline: Seekline) -> None:
    run = seekline("complete", "--prompt", "def f(first, second, third", "--json", "--max-new-tokens", "1")
    assert run.json["new_tokens"] <= 2, "twice as many where one is asked for"


def test_top_k_of_one_is_greedy(seekline: Seekline) -> None:
    prompt = "import json\n\ndef load(path):\n    return json."
    greedy = seekline("complete", "--prompt", prompt, "--json").json["completion"]
    warm = seekline("complete", "--prompt", prompt, "--json", "--temperature", "1.5", "--top-k", "1").json["completion"]
    assert warm == greedy


@pytest.mark.parametrize(
    ("given", "prompt_tokens", "new_tokens", "sequence_tokens"),
    [
        ({}, 512, 96, 4096 + 96),
        ({"max_new_tokens": -1}, 512, 512, 163_840),
        ({"max_new_tokens": 7}, 512, 7, 4096 + 7),
        ({"max_length": 256}, 160, 96, 256),
        ({"max_length": 256, "max_new_tokens": 2048}, 128, 128, 256),
        ({"max_length": 256, "max_new_tokens": -1, "context_tokens": 100}, 100, 156, 256),
        ({"max_length": 128, "context_tokens": 64}, 64, 64, 128),
    ],
)
def test_lengths(given: dict[str, int], prompt_tokens: int, new_tokens: int, sequence_tokens: int) -> None:
    """Of the embedded model, whose context has 1024 tokens, and whose prompts gain nothing beyond 512."""
    settings = Settings.model_validate(given)
    plan = model.make_plan(model.ModelRequest(model="embedded", device="cpu"), base=Path())
    config = prompt_config(model.info_of(plan, model.Tokenizer(plan.source.path)), settings)
    assert (config.prompt_tokens, config.max_new_tokens) == (prompt_tokens, new_tokens)
    assert model_request(settings).sequence_tokens == sequence_tokens
    if settings.max_length != "auto":
        assert config.prompt_tokens + config.longer().max_new_tokens <= settings.max_length


def test_a_batch_size_is_room_for_so_many_sequences() -> None:
    limits: list[int] = []
    for size in ("auto", 1, 2, 5):
        settings = Settings.model_validate({"max_batch_size": size, "model": "embedded", "device": "cpu"})
        limits.append(model.make_plan(model_request(settings), base=Path()).kv_limit_bytes)
    assert limits[1] < limits[2] < limits[3]
    assert limits[3] == 5 * limits[1]


@pytest.mark.parametrize(
    ("given", "weights", "quantization", "dtype"),
    [
        ({}, model.WantedWeights(), "auto", "auto"),
        ({"quantization": "int4"}, model.WantedWeights(), "int4", "auto"),
        ({"quantization": "4-bit"}, model.WantedWeights(), "int4", "auto"),
        (
            {"quantization": "8-bit", "model_format": "pytorch"},
            model.WantedWeights(format="safetensors"),
            "int8",
            "auto",
        ),
        ({"quantization": "Q4_K_M"}, model.WantedWeights(format="gguf", quantization="Q4_K_M"), "auto", "auto"),
        ({"quantization": "q4_k"}, model.WantedWeights(format="gguf", quantization="Q4_K_M"), "auto", "auto"),
        ({"quantization": "q6_k"}, model.WantedWeights(format="gguf", quantization="Q6_K"), "auto", "auto"),
        ({"quantization": "q4_0"}, model.WantedWeights(format="gguf", quantization="Q4_0"), "auto", "auto"),
        ({"quantization": "bfloat16"}, model.WantedWeights(), "none", "bfloat16"),
        ({"quantization": "float32"}, model.WantedWeights(), "none", "float32"),
        (
            {"quantization": "float32", "model_format": "gguf"},
            model.WantedWeights(format="gguf", quantization="F32"),
            "auto",
            "auto",
        ),
        ({"model_format": "awq"}, model.WantedWeights(format="awq"), "auto", "auto"),
    ],
)
def test_a_quantization_is_a_file_or_a_way_to_load(
    given: dict[str, str], weights: model.WantedWeights, quantization: str, dtype: str
) -> None:
    request = model_request(Settings.model_validate(given))
    assert (request.weights, request.quantization, request.dtype) == (weights, quantization, dtype)


def test_a_model_is_packed_and_loaded_from_that(
    seekline: Seekline, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "quantized_folder", lambda: own_home / "quantized")
    save_llama(tmp_path / "mine", hidden_size=128)
    run = seekline("models", "pack", "./mine", "--to", "mine.packed", "--quantization", "int4", "--device", "cpu")
    assert run.code == 0, run.err
    assert "(int4) is packed in mine.packed" in run.out
    options = ["--model", "./mine", "--quantization", "int4", "--device", "cpu", "--packed-model", "mine.packed"]
    run = seekline("complete", "--prompt", "x = ", "--json", *options)
    assert run.code == 0, run.err
    run = seekline("models", "pack", "embedded", "--to", "x")
    assert run.code == 2
    assert "nothing to pack" in run.err


def test_the_formats_of_a_model_are_shown(seekline: Seekline, empty_hub_cache: Path) -> None:
    shown = seekline("models", "show", "deepseek-coder-1.3b-base")
    assert shown.code == 0, shown.err
    for part in ("TheBloke/deepseek-coder-1.3b-base-GGUF/deepseek-coder-1.3b-base.Q4_K_M.gguf", "0.9 GB", "awq"):
        assert part in shown.out
    data = seekline("models", "show", "deepseek-coder:1.3", "--format", "gptq", "--json").json
    assert data["licence"] == "DeepSeek Model License 1.0"
    (row,) = data["formats"]
    assert (row["format"], row["in"]) == ("gptq", "TheBloke/deepseek-coder-1.3b-base-GPTQ")
    assert row["memory_bytes"] > 0
    rows = {row["name"]: row for row in seekline("models", "list", "--json").json["models"]}
    formats = {one["format"] for one in rows["deepseek-coder-1.3b-base"]["formats"]}
    assert formats == {"safetensors", "gguf", "gptq", "awq"}
