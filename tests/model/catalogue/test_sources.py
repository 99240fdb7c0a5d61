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
    ("name", "parts"), [("a/b", ("a/b", "main")), ("a/b@v1", ("a/b", "v1")), ("a/b@refs/pr/1", ("a/b", "refs/pr/1"))]
)
def test_a_revision_is_part_of_the_name(name: str, parts: tuple[str, str]) -> None:
    assert model.split_revision(name) == parts


def test_the_embedded_model_needs_no_cache(tmp_path: Path, empty_hub_cache: Path) -> None:
    assert model.find_source("embedded", base=tmp_path).folder == model.embedded_folder()
