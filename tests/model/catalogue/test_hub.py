"""GGUF files of a repository: only what is wanted is fetched, and what is here is found by any of its names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fake_hub
import pytest
from seekline import model

BASE = "TheBloke/deepseek-coder-1.3b-base-GGUF"
OTHER = "someone/a-model-GGUF"
NAME = "deepseek-coder-1.3b-base"


@pytest.fixture
def hub(tmp_path: Path, empty_hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[fake_hub.Hub]:
    """Two repositories with GGUF files, one of which is in two parts."""
    known, other = tmp_path / "known", tmp_path / "other"
    for folder in (known, other):
        folder.mkdir()
        (folder / "README.md").write_text("a model", "utf-8")
        (folder / "config.json").write_text("{}", "utf-8")
    for quantization, size in {"Q2_K": 10, "Q4_K_M": 20, "Q8_0": 40}.items():
        (known / f"{NAME}.{quantization}.gguf").write_bytes(b"GGUF" + bytes(size))
    (other / "a-model-q4_0.gguf").write_bytes(b"GGUF" + bytes(5))
    for part in (1, 2):
        (other / f"a-model-Q6_K-0000{part}-of-00002.gguf").write_bytes(b"GGUF" + bytes(9))
    with fake_hub.serve({BASE: known, OTHER: other}) as served:
        fake_hub.use(served, monkeypatch)
        yield served


def fetched(hub: fake_hub.Hub) -> set[str]:
    """The files whose content was asked for."""
    asked = [line.split()[1].partition("?")[0] for line in hub.asked if line.startswith('"GET')]
    return {path.rpartition("/")[2] for path in asked if "/resolve/" in path}


def names(sources: list[model.Source]) -> list[str | None]:
    return [source.quantization for source in sources]


def test_only_the_file_that_is_wanted_is_fetched(hub: fake_hub.Hub, tmp_path: Path) -> None:
    file = f"{NAME}.Q4_K_M.gguf"
    path = model.download(BASE, "main", offline=False, file=file)
    assert path.name == file
    assert path.read_bytes().startswith(b"GGUF")
    assert fetched(hub) == {file, "README.md", "config.json"}


def test_all_parts_of_a_file_are_fetched(hub: fake_hub.Hub, tmp_path: Path) -> None:
    first = "a-model-Q6_K-00001-of-00002.gguf"
    path = model.download(OTHER, "main", offline=False, file=first)
    assert path.with_name("a-model-Q6_K-00002-of-00002.gguf").is_file()
    assert not path.with_name("a-model-q4_0.gguf").exists()
    (source,) = model.find_sources(OTHER, base=tmp_path)
    assert (source.path, source.format, source.quantization) == (path, "gguf", "Q6_K")


def test_a_part_that_is_not_here_makes_no_file(hub: fake_hub.Hub, tmp_path: Path) -> None:
    path = model.download(OTHER, "main", offline=False, file="a-model-Q6_K-00001-of-00002.gguf")
    path.with_name("a-model-Q6_K-00002-of-00002.gguf").unlink()
    with pytest.raises(model.ModelNotInstalled):
        model.find_sources(OTHER, base=tmp_path, weights=model.WantedWeights(format="gguf"))


def test_what_is_here_is_not_fetched_again_but_by_force(hub: fake_hub.Hub) -> None:
    file = f"{NAME}.Q2_K.gguf"
    model.download(BASE, "main", offline=False, file=file)
    hub.asked.clear()
    model.download(BASE, "main", offline=False, file=file)
    assert fetched(hub) == set()
    model.download(BASE, "main", offline=False, file=file, force=True)
    assert file in fetched(hub)


def test_a_file_that_the_repository_lacks(hub: fake_hub.Hub) -> None:
    with pytest.raises(model.DownloadFailed, match=r"has no file x\.gguf"):
        model.download(BASE, "main", offline=False, file="x.gguf")


def test_the_files_of_a_repository_and_their_sizes(hub: fake_hub.Hub) -> None:
    files = model.remote_files(OTHER, "main", offline=False)
    assert files["a-model-q4_0.gguf"] == 9
    with pytest.raises(model.DownloadFailed, match="the setting offline is on"):
        model.remote_files(OTHER, "main", offline=True)


def test_what_is_here_is_found_by_the_catalogues_name(hub: fake_hub.Hub, tmp_path: Path) -> None:
    for quantization in ("Q8_0", "Q2_K"):
        model.download(BASE, "main", offline=False, file=f"{NAME}.{quantization}.gguf")
    sources = model.find_sources(NAME, base=tmp_path)
    assert names(sources) == ["Q8_0", "Q2_K"]
    assert {(source.name, source.format) for source in sources} == {(NAME, "gguf")}
    assert names(model.find_sources("deepseek-coder:1.3", base=tmp_path)) == ["Q8_0", "Q2_K"]
    small = model.WantedWeights(format="gguf", quantization="Q2_K")
    assert names(model.find_sources(NAME, base=tmp_path, weights=small)) == ["Q2_K"]
    with pytest.raises(model.ModelNotInstalled, match="Q4_K_M") as caught:
        model.find_sources(NAME, base=tmp_path, weights=model.WantedWeights(format="gguf", quantization="Q4_K_M"))
    assert f"seekline models download {NAME} --format gguf --quantization q4_k_m" in caught.value.remedy
    with pytest.raises(model.ModelNotInstalled, match="as awq"):
        model.find_sources(NAME, base=tmp_path, weights=model.WantedWeights(format="awq"))


@pytest.mark.parametrize(
    "name", [f"{OTHER}:Q4_0", f"{OTHER}:q4_0", f"hf.co/{OTHER}:Q4_0", f"{OTHER}/a-model-q4_0.gguf", OTHER]
)
def test_what_is_here_is_found_by_the_repositorys_name(hub: fake_hub.Hub, tmp_path: Path, name: str) -> None:
    path = model.download(OTHER, "main", offline=False, file="a-model-q4_0.gguf")
    (source,) = model.find_sources(name, base=tmp_path)
    assert (source.name, source.path, source.quantization) == (name, path, "Q4_0")
    assert source.entry is None


def test_a_repository_of_the_catalogue_keeps_its_entry(hub: fake_hub.Hub, tmp_path: Path) -> None:
    """So that it is known whether the model fills in."""
    model.download(BASE, "main", offline=False, file=f"{NAME}.Q8_0.gguf")
    source = model.find_source(f"{BASE}:q8_0", base=tmp_path)
    assert source.entry is model.all_entries()[NAME]
    assert source.name == f"{BASE}:q8_0"
