"""The GPU's benchmark, on a CPU and a tiny model: that its table and its file come out, whatever a part cannot do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

SUITE = Path(__file__).resolve().parents[2] / "bench" / "gpu_suite.sh"


@pytest.mark.skipif(os.name == "nt", reason="the suite is a shell script")
def test_the_suite(tmp_path: Path) -> None:
    """GPU tests that skip, a table on the screen, and a file of results, in one call."""
    options = ["--device", "cpu", "--models", "tiny", "--quick", "--cache", str(tmp_path / "models")]
    environment = {**os.environ, "PYTHON": sys.executable, "OUT": str(tmp_path / "out")}
    printed = subprocess.check_output([SUITE, *options, "--quantizations", "none", "int4"], env=environment, text=True)
    assert "of it" in printed
    assert "prompt tokens/s" in printed
    result = json.loads((tmp_path / "out" / "gpu-tiny.json").read_text("utf-8"))
    assert result["versions"]["torch"]
    for values in (*result["formats"].values(), *result["peers"].values()):
        assert len(values["further_ms"]) == result["amounts"]["repeats"]
    for values in result["formats"].values():
        assert values["floor_ms"] > 0
        assert len(values["typed_ms"]) == result["amounts"]["characters"]
        assert [row["context"] for row in values["growth"]] == result["amounts"]["lengths"]


def test_a_part_that_cannot_be_had_is_noted_in_its_place(
    bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu = bench("gpu")
    monkeypatch.setattr("seekline.model.loading.quantization_choice.is_installed", lambda package: False)
    monkeypatch.setattr(gpu.measure, "by_transformers", lambda *_, **__: 1 / 0)
    options = ["--device", "cpu", "--models", "tiny", "--quick", "--quantizations", "nf4"]
    gpu.main([*options, "--out", str(tmp_path), "--cache", str(tmp_path)])
    result = json.loads((tmp_path / "gpu-tiny.json").read_text("utf-8"))
    assert "needs bitsandbytes and accelerate" in result["formats"]["nf4"]["skipped"]
    assert {values["failed"] for values in result["peers"].values()} == {"ZeroDivisionError: division by zero"}
    console = Console(width=200)
    with console.capture() as capture:
        console.print(gpu.table(result))
    assert "needs bitsandbytes" in capture.get()
