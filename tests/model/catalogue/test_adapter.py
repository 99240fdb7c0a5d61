"""Adapters as PEFT saves them: which are read, and what is wrong with the others."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import torch
from lora_adapters import ALL_LINEARS, save_adapter, write_config
from safetensors.torch import load_file, save_file
from seekline import model
from seekline.model.backends.llama.adapter import read_adapter
from seekline.model.catalogue.adapter import find_adapter, inspect_adapter
from tiny_models import save_llama

A_OF_Q = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
B_OF_DOWN = "base_model.model.model.layers.1.mlp.down_proj.lora_B.weight"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llama(tmp_path_factory.mktemp("base"))


@pytest.fixture
def adapter(tmp_path: Path, base: Path) -> Path:
    return save_adapter(tmp_path / "adapter", base)


def read(adapter: Path, base: Path) -> model.Adapter:
    """Its configuration, its header and its weights."""
    config = model.inspect(base).llama
    assert config is not None
    found = inspect_adapter(adapter, config, model="tiny")
    read_adapter(found)
    return found


def change_config(folder: Path, **changes: Any) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")


def change_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    path = folder / "adapter_model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


def keep(tensors: dict[str, torch.Tensor], part: str) -> None:
    for name in [name for name in tensors if part not in name]:
        del tensors[name]


def test_what_is_read(base: Path, adapter: Path) -> None:
    found = read(adapter, base)
    assert len(found.modules) == 2 * len(ALL_LINEARS)
    assert {(one.rank, one.scale) for one in found.modules.values()} == {(8, 2.0)}
    assert found.is_current
    assert found.size_bytes > 10_000


def test_some_modules_of_some_layers(tmp_path: Path, base: Path) -> None:
    adapter = save_adapter(tmp_path / "adapter", base, targets=("q_proj", "v_proj"), layers_to_transform=[1])
    change_weights(adapter, lambda tensors: keep(tensors, "layers.1"))
    assert set(read(adapter, base).modules) == {f"model.layers.1.self_attn.{name}" for name in ("q_proj", "v_proj")}


@pytest.mark.parametrize(
    "targets",
    [r".*\.(q|v)_proj", r"model\.layers\.\d+\.self_attn\.[qv]_proj", ["self_attn.q_proj", "v_proj", "c_attn"]],
)
def test_modules_by_expression_or_by_the_end_of_their_names(tmp_path: Path, base: Path, targets: Any) -> None:
    adapter = save_adapter(tmp_path / "adapter", base, targets=("q_proj", "v_proj"))
    change_config(adapter, target_modules=targets)
    assert len(read(adapter, base).modules) == 4


def test_excluded_modules(tmp_path: Path, base: Path) -> None:
    adapter = save_adapter(tmp_path / "adapter", base, targets=("q_proj",))
    change_config(adapter, target_modules=["q_proj", "v_proj"], exclude_modules=["v_proj"])
    assert len(read(adapter, base).modules) == 2


def test_ranks_and_alphas_by_pattern(tmp_path: Path, base: Path) -> None:
    adapter = save_adapter(tmp_path / "adapter", base, targets=("q_proj", "v_proj"), rank=4)
    change_config(
        adapter,
        r=16,
        rank_pattern={"self_attn.q_proj": 4, r"layers\.\d+\.self_attn\.v_proj": 4},
        alpha_pattern={"v_proj": 1},
        lora_alpha=8,
        use_rslora=True,
    )
    scales = {name.split(".")[-1]: one.scale for name, one in read(adapter, base).modules.items()}
    assert scales == {"q_proj": 8 / 2, "v_proj": 1 / 2}


def test_an_expression_that_backtracks_costs_nothing(base: Path, adapter: Path) -> None:
    change_config(adapter, target_modules="(((a|a)*)*)*b|.*_proj", rank_pattern={"(x+x+)+y" * 20: 3})
    started = perf_counter()
    read(adapter, base)
    assert perf_counter() - started < 60, "exponential"


@dataclass(frozen=True)
class Bad:
    """`spoil` gets the adapter's folder, a good one so far; then reading it fails by `says`."""

    name: str
    error: type[model.ModelError]
    says: str
    spoil: Callable[[Path], object]


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: change_weights(folder, lambda tensors: tensors.__delitem__(name))


def with_tensor(name: str, tensor: torch.Tensor) -> Callable[[Path], None]:
    return lambda folder: change_weights(folder, lambda tensors: tensors.update({name: tensor}))


def with_config(**changes: Any) -> Callable[[Path], None]:
    return lambda folder: change_config(folder, **changes)


def with_text(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "adapter_config.json").write_text(text, "utf-8")


def as_pickle(folder: Path) -> None:
    tensors = load_file(folder / "adapter_model.safetensors")
    (folder / "adapter_model.safetensors").unlink()
    torch.save(tensors, folder / "adapter_model.bin")


def as_link(folder: Path) -> None:
    path = folder / "adapter_model.safetensors"
    path.rename(folder.parent / "elsewhere.safetensors")
    path.symlink_to(folder.parent / "elsewhere.safetensors")


def cut_short(folder: Path) -> None:
    path = folder / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def with_header(length: int) -> Callable[[Path], object]:
    return lambda folder: (folder / "adapter_model.safetensors").write_bytes(struct.pack("<Q", length) + b"{}")


BROKEN, UNSUPPORTED = model.BrokenAdapter, model.UnsupportedAdapter
NAN, HUGE = torch.full((8, 64), float("nan")), torch.full((8, 64), 1e30, dtype=torch.float64) * 1e30
BAD = [
    Bad("no configuration", BROKEN, "has no adapter_config.json", lambda f: (f / "adapter_config.json").unlink()),
    Bad("no weights", BROKEN, "no adapter_model.safetensors", lambda f: (f / "adapter_model.safetensors").unlink()),
    Bad("a pickle", model.UnsafeWeights, "can run any code", as_pickle),
    Bad("a link out of the folder", BROKEN, "link out of its folder", as_link),
    Bad("cut short", BROKEN, "bytes where its header announces", cut_short),
    Bad("a header without end", BROKEN, "announces a header of", with_header(1 << 40)),
    Bad("no JSON", BROKEN, "is not JSON", with_text("{")),
    Bad("a list", BROKEN, "has something wrong", with_text("[]")),
    Bad("deep JSON", BROKEN, "levels deep", with_text("[" * 100_000)),
    Bad("no kind", BROKEN, "'peft_type'", with_text("{}")),
    Bad("another kind", UNSUPPORTED, "'IA3', not LORA", with_config(peft_type="IA3")),
    Bad("another task", UNSUPPORTED, "'SEQ_CLS'", with_config(task_type="SEQ_CLS")),
    Bad("DoRA", UNSUPPORTED, "use_dora = True", with_config(use_dora=True)),
    Bad("biases", UNSUPPORTED, "bias = 'all'", with_config(bias="all")),
    Bad("whole modules", UNSUPPORTED, "modules_to_save = ['lm_head']", with_config(modules_to_save=["lm_head"])),
    Bad("transposed", UNSUPPORTED, "fan_in_fan_out = True", with_config(fan_in_fan_out=True)),
    Bad("an odd option", UNSUPPORTED, r"'a\nb' = 1", with_config(**{"a\nb": 1})),
    Bad("PiSSA", UNSUPPORTED, "init_lora_weights = 'pissa", with_config(init_lora_weights="pissa_niter_4")),
    Bad("what nobody knows yet", UNSUPPORTED, "use_nova = 3", with_config(use_nova=3)),
    Bad("the head", UNSUPPORTED, "adapts lm_head", with_config(target_modules=["q_proj", "lm_head"])),
    Bad("the embedding", UNSUPPORTED, "adapts model.embed_tokens", with_config(target_modules=["embed_tokens"])),
    Bad("another architecture", UNSUPPORTED, "nothing that tiny has", with_config(target_modules=["c_attn"])),
    Bad("no expression", UNSUPPORTED, "no expression", with_config(target_modules="(q_proj")),
    Bad("a rank of 0", BROKEN, "at 'r'", with_config(r=0)),
    Bad("an endless rank", BROKEN, "at 'r'", with_config(r=10**9)),
    Bad("no number", BROKEN, "is not JSON|at 'lora_alpha'", with_config(lora_alpha=float("nan"))),
    Bad("another rank", BROKEN, "rank 4 need (4, 64)", with_config(r=4)),
    Bad("half of a pair", BROKEN, f"lacks {B_OF_DOWN}", without(B_OF_DOWN)),
    Bad("one tensor more", UNSUPPORTED, "no place", with_tensor("base_model.model.lm_head.lora_A.weight", NAN)),
    Bad("a wider base", UNSUPPORTED, "rank 8 need (8, 64)", with_tensor(A_OF_Q, torch.zeros(8, 128))),
    Bad("NaN", BROKEN, f"{A_OF_Q} in", with_tensor(A_OF_Q, NAN)),
    Bad("too large", BROKEN, f"{A_OF_Q} in", with_tensor(A_OF_Q, HUGE)),
    Bad("whole numbers", BROKEN, "no floating point number", with_tensor(A_OF_Q, torch.ones(8, 64, dtype=torch.int8))),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_adapter(base: Path, adapter: Path, bad: Bad) -> None:
    bad.spoil(adapter)
    with pytest.raises(bad.error) as raised:
        read(adapter, base)
    found = raised.value
    assert any(part in found.problem for part in bad.says.split("|")), found.problem
    assert "\n" not in str(found)
    assert len(found.problem) < 700
    assert found.problem.endswith(".")
    assert found.remedy.endswith(".")


def test_an_adapter_of_more_layers_is_for_another_base(tmp_path: Path, base: Path) -> None:
    deeper = save_llama(tmp_path / "deeper", num_hidden_layers=3)
    adapter = save_adapter(tmp_path / "adapter", deeper, base_model_name_or_path="deepseek-ai/deepseek-coder-6.7b-base")
    with pytest.raises(UNSUPPORTED, match=r"layers\.2.*which it says is 'deepseek-ai/deepseek-coder-6\.7b-base'"):
        read(adapter, base)


@pytest.mark.parametrize("name", ["adapter", "owner/adapter"])
def test_an_adapter_is_named_by_its_path(tmp_path: Path, name: str) -> None:
    (tmp_path / "adapter").mkdir()
    with pytest.raises(BROKEN, match="is no path"):
        find_adapter(name, base=tmp_path, agreed=None)


@pytest.mark.parametrize("name", ["./nowhere", "./file.safetensors", "./a\0b", "~nobody/x"])
def test_what_is_no_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.safetensors").touch()
    with pytest.raises(BROKEN) as raised:
        find_adapter(name, base=tmp_path, agreed=None)
    assert "adapter_config.json" in raised.value.remedy


def test_a_folder_of_others_is_agreed_to_first(tmp_path: Path, base: Path) -> None:
    adapter = save_adapter(tmp_path / "adapter", base).resolve()
    (tmp_path / "link").symlink_to(adapter)
    assert find_adapter("./link", base=tmp_path, agreed={adapter}) == adapter
    with pytest.raises(model.PathNotAgreed, match="is named as an adapter"):
        find_adapter("./link", base=tmp_path, agreed={tmp_path})


def test_what_is_written_to_it_is_seen(tmp_path: Path, base: Path, adapter: Path) -> None:
    found = read(adapter, base)
    write_config(adapter, rank=8, lora_alpha=3)
    assert not found.is_current
    assert read(adapter, base) != found
    (adapter / "adapter_config.json").unlink()
    assert found.is_current, "what is gone changes nothing that is in memory"


def test_written_to_between_looking_and_reading(base: Path, adapter: Path) -> None:
    config = model.inspect(base).llama
    assert config is not None
    found = inspect_adapter(adapter, config, model="tiny")
    change_weights(adapter, lambda tensors: tensors.update({A_OF_Q: torch.zeros(4, 64)}))
    with pytest.raises(BROKEN, match="was changed while it was read"):
        read_adapter(found)
