"""Files that gptqmodel quantized, and files packed by hand, mean to it what they mean to us. Skips where it is not
installed: `pip install gptqmodel==7.6.0 optimum==2.3.0` beside Seekline, in an environment of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from quantized_models import WIDE, save_quantized
from safetensors.torch import load_file, save_file
from seekline import model
from seekline.model.backends.llama.packed_tensors import PackedTensors
from spoiled_files import with_quantization
from tiny_models import IDS, add_tokenizer, generate, load, save_llama

pytestmark = [
    pytest.mark.skipif(find_spec("gptqmodel") is None, reason="gptqmodel is not installed"),
    pytest.mark.timeout(900),
]
ORACLE = Path(__file__).parents[2] / "gptq_oracle.py"
SETTINGS: dict[str, dict[str, Any]] = {
    "symmetric": {"sym": True, "desc_act": False, "group_size": 64},
    "reordered": {"sym": True, "desc_act": True, "act_group_aware": False, "group_size": 32},
    "reordered, groups in order": {"sym": True, "desc_act": False, "act_group_aware": True, "group_size": 128},
    "asymmetric": {"sym": False, "desc_act": True, "act_group_aware": False, "group_size": 128},
    "gptq_v2": {"sym": False, "desc_act": False, "group_size": 64, "format": "gptq_v2"},
    "rows": {"sym": False, "desc_act": False, "act_group_aware": False, "group_size": -1},
    "eight bits": {"sym": True, "desc_act": False, "group_size": 128, "bits": 8},
}
BY_HAND: dict[str, dict[str, Any]] = {
    "gptq": {"reordered": True, "symmetric": True},
    "gptq, asymmetric": {"group": 32},
    "gptq_v2": {"layout": "gptq_v2", "group": 64},
    "awq": {"method": "awq"},
    "awq, groups of 32": {"method": "awq", "group": 32},
}


def ask(*arguments: str) -> None:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, str(ORACLE), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def logits(loaded: model.LoadedModel) -> torch.Tensor:
    backend: Any = loaded.engine._backend
    return backend.forward(IDS, backend.new_kv(len(IDS)), Event(), logits=len(IDS)).float().clone()


def check(folder: Path, twin: Path, note: Any) -> None:
    """Each matrix is what gptqmodel multiplies by, which is rounded to 16 bits, and the model writes what a copy with
    its matrices writes."""
    packing = model.inspect(folder).packing
    assert packing is not None
    ask("weights", str(folder), str(twin.parent / "weights.safetensors"))
    wanted = load_file(twin.parent / "weights.safetensors")
    assert len(wanted) == 14
    with PackedTensors(folder, packing, device="cpu", dtype=None) as tensors:
        for name, weight in wanted.items():
            assert torch.equal(tensors.get(name).half().float(), weight), name
        others = {
            name: weight.float()
            for name, weight in load_file(folder / "model.safetensors").items()
            if "_proj." not in name
        }
    config = json.loads((folder / "config.json").read_text("utf-8"))
    del config["quantization_config"]
    twin.mkdir()
    (twin / "config.json").write_text(json.dumps({**config, "dtype": "float32"}), "utf-8")
    save_file({**others, **wanted}, twin / "model.safetensors", {"format": "pt"})
    add_tokenizer(twin)
    ours, theirs = load(folder), load(twin)
    error = ((logits(ours) - logits(theirs)).norm() / logits(theirs).norm()).item()
    note("logits_off", f"{error:.1e}")
    assert generate(ours) == generate(theirs)
    assert error < 2e-3


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llama(
        tmp_path_factory.mktemp("source"), num_key_value_heads=2, initializer_range=0.1, dtype=torch.float16, **WIDE
    )


@pytest.mark.parametrize("name", SETTINGS)
def test_what_it_quantized(source: Path, tmp_path: Path, name: str, record_property: Any) -> None:
    folder = tmp_path / "model"
    ask("quantize", str(source), str(folder), json.dumps({"bits": 4, **SETTINGS[name]}))
    for file_name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(source / file_name, folder / file_name)
    check(folder, tmp_path / "twin", record_property)


@pytest.mark.parametrize("name", BY_HAND)
def test_what_was_packed_by_hand(tmp_path: Path, name: str, record_property: Any) -> None:
    folder = save_quantized(
        tmp_path / "model", tmp_path / "unused", num_key_value_heads=2, initializer_range=0.1, **BY_HAND[name]
    )
    # It reads asymmetric files of its own only: others put the zero points of its first format together otherwise.
    with_quantization(folder, meta={"quantizer": ["gptqmodel:7.6.0"]})
    check(folder, tmp_path / "twin", record_property)
