"""Who computes what: our own forward pass, transformers, or llama.cpp, and on which of its devices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gguf_families import deepseek_v2, llama
from seekline import model
from seekline.model.loading import engine_choice, llama_cpp_devices


@pytest.fixture(scope="module")
def a_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of safetensors, and beside it the same as GGUF."""
    folder = tmp_path_factory.mktemp("llama") / "llama"
    llama(folder, folder.with_suffix(".gguf"))
    return folder


@pytest.fixture(scope="module")
def a_v2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("v2") / "v2"
    deepseek_v2(folder, folder.with_suffix(".gguf"))
    return folder.with_suffix(".gguf")


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Says whether llama.cpp is here; it is, unless a test says otherwise."""

    def set_installed(is_there: bool) -> None:
        monkeypatch.setattr(engine_choice, "find_spec", lambda _: object() if is_there else None)

    set_installed(True)
    return set_installed


def plan(path: Path, **wanted: Any) -> model.Plan:
    request = model.ModelRequest(**{"model": str(path), "device": "cpu", **wanted})
    return model.make_plan(request, base=path.parent)


def test_our_own_forward_pass_where_it_knows_the_architecture(a_llama: Path) -> None:
    gguf = a_llama.with_suffix(".gguf")
    assert plan(a_llama).engine == "seekline"
    assert plan(gguf).engine == "seekline"
    assert plan(gguf, engine="seekline").engine == "seekline"


def test_llama_cpp_where_it_is_asked_for(a_llama: Path) -> None:
    chosen = plan(a_llama.with_suffix(".gguf"), engine="llama.cpp", sequence_tokens=300)
    assert chosen.engine == "llama.cpp"
    assert chosen.sequence_tokens == 300
    assert "by llama.cpp" in chosen.summary


def test_llama_cpp_for_other_architectures(a_v2: Path, installed: Callable[[bool], None]) -> None:
    assert plan(a_v2).engine == "llama.cpp"
    with pytest.raises(model.UnsupportedArchitecture, match="does not know the architecture 'deepseek2'"):
        plan(a_v2, engine="seekline")
    installed(False)
    with pytest.raises(model.UnsupportedArchitecture, match=r"needs llama\.cpp, .*pip install '\.\[gguf\]'"):
        plan(a_v2)


def test_llama_cpp_has_no_other_files(a_llama: Path) -> None:
    with pytest.raises(model.UnsupportedArchitecture, match=r"runs GGUF files, and llama is safetensors\."):
        plan(a_llama, engine="llama.cpp")


def test_llama_cpp_quantizes_nothing(a_v2: Path) -> None:
    with pytest.raises(model.UnsupportedQuantization, match="as it is quantized in its file, not in int4"):
        plan(a_v2, quantization="int4")


def test_llama_cpp_takes_no_draft_model(a_llama: Path) -> None:
    gguf = a_llama.with_suffix(".gguf")
    with pytest.raises(model.UnsupportedArchitecture, match=r"no model drafts for another.*draft_model = none"):
        plan(gguf, engine="llama.cpp", draft_model=str(gguf))


def listed(monkeypatch: pytest.MonkeyPatch, *devices: tuple[str, int]) -> None:
    """llama.cpp sees these, by the names and kinds that it gives them."""
    found = [
        llama_cpp_devices._Listed(name=name, title="a device", kind=kind, free_bytes=8 * 10**9, total_bytes=9 * 10**9)
        for name, kind in devices
    ]
    monkeypatch.setattr(llama_cpp_devices, "_listed", lambda: found)


@pytest.mark.parametrize(
    ("devices", "names"),
    [
        ([("CPU", 0)], ["cpu"]),
        ([], ["cpu"]),
        ([("CUDA0", 1), ("CUDA1", 1), ("CPU", 0)], ["cuda:0", "cuda:1", "cpu"]),
        ([("Vulkan0", 1), ("Vulkan1", 2), ("CPU", 0)], ["vulkan:0", "cpu"]),
        ([("Vulkan0", 2), ("CPU", 0)], ["vulkan:0", "cpu"]),
        ([("MTL0", 1), ("BLAS", 3), ("CPU", 0)], ["mps", "cpu"]),
        ([("Metal", 1), ("CPU", 0)], ["mps", "cpu"]),
        ([("ROCm0", 1), ("CPU", 0)], ["rocm:0", "cpu"]),
    ],
)
def test_the_devices_of_llama_cpp(
    devices: list[tuple[str, int]], names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(monkeypatch, *devices)
    assert [device.name for device in model.llama_cpp_devices()] == names


@pytest.mark.parametrize(
    ("wanted", "name", "index"),
    [("auto", "vulkan:0", 0), ("vulkan", "vulkan:0", 0), ("vulkan:1", "vulkan:1", 1), ("cpu", "cpu", 2)],
)
def test_a_device_of_llama_cpp_is_named(
    wanted: str, name: str, index: int, a_v2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(monkeypatch, ("Vulkan0", 1), ("Vulkan1", 1), ("CPU", 0))
    chosen = plan(a_v2, engine="llama.cpp", device=wanted)
    assert chosen.device.name == name
    assert llama_cpp_devices.index_of(chosen.device) == index


def test_a_device_that_llama_cpp_does_not_see(a_v2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch, ("CPU", 0))
    with pytest.raises(model.UnsupportedDevice, match=r"no device 'cuda' for llama\.cpp here: xllamacpp sees cpu\."):
        plan(a_v2, engine="llama.cpp", device="cuda")
