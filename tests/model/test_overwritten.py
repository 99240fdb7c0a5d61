"""A weight file that is cut short or overwritten while its model serves, or while it is loaded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from seekline import model
from seekline.model.backends.llama.tensors import TensorFile
from tiny_models import load, save_llama, save_v2_lite

PROCESS = Path(__file__).with_name("weights_process.py")


class Serving:
    """A process with a model in memory."""

    def __init__(self, folder: Path, quantization: str, cache: Path) -> None:
        arguments = [sys.executable, str(PROCESS), str(folder), quantization, str(cache)]
        self._process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._line() == "ready"

    def begin(self, prompt_tokens: int) -> str:
        """The first token of a completion."""
        return self._ask(str(prompt_tokens))

    def finish(self) -> str:
        """The other tokens."""
        return self._ask("")

    def complete(self, prompt_tokens: int) -> tuple[str, str]:
        return self.begin(prompt_tokens), self.finish()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the process ended with {self._process.wait()}"
        return line.strip()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows forbids it while the file is open")
@pytest.mark.parametrize(("architecture", "quantization"), [("llama", "none"), ("llama", "int4"), ("another", "none")])
def test_the_file_changes_while_its_model_serves(tmp_path: Path, architecture: str, quantization: str) -> None:
    """Nothing of it is mapped: the process lives, and its answers stay those of the weights that it loaded."""
    save: Any = save_llama if architecture == "llama" else save_v2_lite
    folder = save(tmp_path / "model", **({"hidden_size": 128} if architecture == "llama" else {}))
    cache = tmp_path / "cache"
    serving = Serving(folder, quantization, cache)
    if quantization == "int4":  # so that the weights come from the cache
        serving.close()
        serving = Serving(folder, quantization, cache)
    files = [folder / "model.safetensors", *cache.glob("*.safetensors")]
    try:
        expected = serving.complete(40)
        first = serving.begin(40)
        for path in files:
            with path.open("r+b") as file:
                file.write(os.urandom(path.stat().st_size))
        assert (first, serving.finish()) == expected, "overwritten during a completion"
        serving.complete(60)
        assert serving.complete(40) == expected, "between completions"
        serving.begin(50)
        for path in files:
            os.truncate(path, 0)
        serving.finish()
        serving.complete(70)
        assert serving.complete(40) == expected, "cut short"
    finally:
        serving.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows forbids it while the file is open")
@pytest.mark.parametrize("how", ["cut short", "overwritten"])
def test_the_file_changes_while_it_is_loaded(
    llama_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    folder = Path(shutil.copytree(llama_folder, tmp_path / "model"))
    read, path = TensorFile.get, folder / "model.safetensors"

    def spoil(self: TensorFile, name: str) -> Any:
        tensor = read(self, name)
        if name == "model.layers.0.self_attn.q_proj.weight" and how == "cut short":
            os.truncate(path, 4096)
        elif name == "model.layers.0.self_attn.q_proj.weight":
            with path.open("r+b") as file:
                file.seek(-64, os.SEEK_END)
                file.write(bytes(64))
            os.utime(path, ns=(0, 0))
        return tensor

    monkeypatch.setattr(TensorFile, "get", spoil)
    with pytest.raises(model.BrokenCheckpoint, match="was changed while it was read") as caught:
        load(folder)
    assert "Load the model again" in caught.value.remedy
