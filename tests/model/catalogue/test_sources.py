import os
from pathlib import Path

import pytest
from seekline import model
from tiny_models import save_llama


def test_a_folder_is_written_as_a_path(llama_folder: Path) -> None:
    for name in (str(llama_folder), f"./{llama_folder.name}", f"../{llama_folder.parent.name}/{llama_folder.name}"):
        source = model.find_source(name, base=llama_folder.parent)
        assert source.folder == llama_folder.resolve()
        assert source.name == str(llama_folder.resolve())


def test_a_folder_never_stands_in_for_a_repository(tmp_path: Path, empty_hub_cache: Path) -> None:
    (tmp_path / "owner" / "name").mkdir(parents=True)
    with pytest.raises(model.ModelNotInstalled, match="owner/name"):
        model.find_source("owner/name", base=tmp_path)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(model.UnknownModel, match="There is no folder or file"):
        model.find_source("./nothing", base=tmp_path)


@pytest.mark.parametrize(
    "name", ["~no-such-user-here/m", "./a\0b", "./" + "x" * 5000, "./loop/m"], ids=["user", "null", "long", "loop"]
)
def test_a_path_that_leads_nowhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(model.UnknownModel):
        model.find_source(name, base=tmp_path)


@pytest.mark.parametrize("way", ["relative", "through a folder", "absolute"])
def test_a_revision_cannot_lead_out_of_the_cache(tmp_path: Path, empty_hub_cache: Path, way: str) -> None:
    """A repository could otherwise pass off a folder of its own as a model from the hub, unasked."""
    folder = save_llama(tmp_path / "evil")
    cached = empty_hub_cache / "models--owner--name"
    for part in ("snapshots", "refs/a", "blobs"):
        (cached / part).mkdir(parents=True)
    reference = tmp_path / "reference"
    reference.write_text(os.path.relpath(folder, cached / "snapshots"), "utf-8")
    up = os.path.relpath(reference, cached / "refs")
    revision = {"relative": up, "through a folder": f"a/../{up}", "absolute": str(reference)}[way]
    with pytest.raises(model.UnknownModel, match="There is no model named"):
        model.find_source(f"owner/name@{revision}", base=tmp_path)


def test_a_misspelt_name_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(model.UnknownModel) as caught:
        model.find_source("deepseek-coder-1.3-base", base=tmp_path)
    assert "Did you mean deepseek-coder-1.3b-base" in caught.value.remedy


def test_a_model_that_is_not_installed_says_how_to_get_it(tmp_path: Path, empty_hub_cache: Path) -> None:
    with pytest.raises(model.ModelNotInstalled) as caught:
        model.find_source("deepseek-coder-1.3b-base", base=tmp_path)
    assert "seekline models download" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "repository", "revision", "quantization", "file"),
    [
        ("a/b", "a/b", "main", None, None),
        ("a/b@v1", "a/b", "v1", None, None),
        ("a/b@refs/pr/1", "a/b", "refs/pr/1", None, None),
        ("a/b:Q4_K_M", "a/b", "main", "Q4_K_M", None),
        ("a/b:q4_k", "a/b", "main", "Q4_K_M", None),
        ("a/b@v1:q8_0", "a/b", "v1", "Q8_0", None),
        ("hf.co/a/b:Q6_K", "a/b", "main", "Q6_K", None),
        ("a/b/c.Q4_0.gguf", "a/b", "main", None, "c.Q4_0.gguf"),
        ("a/b/c/d.gguf", "a/b", "main", None, "c/d.gguf"),
    ],
)
def test_the_name_of_a_repository_says_which_file(
    name: str, repository: str, revision: str, quantization: str | None, file: str | None
) -> None:
    wanted = model.HubName(repository=repository, revision=revision, quantization=quantization, file=file)
    assert model.hub_name(name) == wanted


@pytest.mark.parametrize(
    "name", ["a", "a/b@../c", "a/b@/c", "a/../b.gguf", "../a/b.gguf", "a/b/../c.gguf", "a/b/c.bin", "a/b:", "a/b:q 4"]
)
def test_other_texts_name_no_repository(name: str) -> None:
    assert model.hub_name(name) is None


def test_a_quantization_that_no_file_has(tmp_path: Path) -> None:
    with pytest.raises(model.UnknownModel, match="'Q7_K'"):
        model.find_source("owner/name:Q7_K", base=tmp_path)


def test_the_embedded_model_needs_no_cache(tmp_path: Path, empty_hub_cache: Path) -> None:
    assert model.find_source("embedded", base=tmp_path).folder == model.embedded_folder()
