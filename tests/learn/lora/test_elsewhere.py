"""Samples of other code: the server's prompts at middles that a seed draws, of this machine's standard library too."""

from __future__ import annotations

from pathlib import Path

import pytest
from lora_samples import OTHER_CODE
from seekline import fim, model
from seekline.learn.data.sample import Sample
from seekline.learn.lora.elsewhere import draw_elsewhere
from seekline.learn.packages import own_standard_library
from seekline.learn.repository import Prompter
from seekline.server.cli.asking import FolderRepository, SettingsPrompter
from seekline.server.completion.prompt_config import prompt_config
from seekline.server.settings.settings import Settings

SETTINGS = Settings()


@pytest.fixture(scope="module")
def prompter(tmp_path_factory: pytest.TempPathFactory) -> Prompter:
    plan = model.make_plan(model.ModelRequest(model=model.EMBEDDED, device="cpu"), base=tmp_path_factory.mktemp("base"))
    info = model.info_of(plan, model.Tokenizer(model.embedded_folder()))
    return SettingsPrompter(prompt_config(info, SETTINGS))


def check(sample: Sample, text: str) -> None:
    """The prompt ends where the middle begins, and the completion is what stands there, healed words included."""
    shown = next(piece.text for piece in sample.pieces if isinstance(piece, fim.Text))
    middle = text[sample.start : sample.end]
    assert middle
    assert sample.completion.endswith(middle)
    assert text[: sample.end].endswith(shown[-40:] + sample.completion)
    assert sample.ends


def test_of_a_folder(prompter: Prompter, tmp_path: Path) -> None:
    """Tests, vendored code, binary and tiny files are passed over; no place comes twice; the same each time."""
    (tmp_path / "vendor").mkdir()
    for name in ("code.py", "test_code.py", "vendor/code.py", "data.bin", "notes.txt"):
        (tmp_path / name).write_text(OTHER_CODE, "utf-8")
    (tmp_path / "tiny.py").write_text("x = 1\n", "utf-8")
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe\x00" * 400)
    repository = FolderRepository(tmp_path, SETTINGS)
    found = draw_elsewhere(repository, prompter, 8, 0)
    assert {sample.path for sample in found} == {"code.py"}
    assert len({sample.start for sample in found}) == len(found) > 4
    for sample in found:
        check(sample, OTHER_CODE)
    assert draw_elsewhere(repository, prompter, 8, 0) == found
    assert draw_elsewhere(repository, prompter, 8, 1) != found


def test_a_model_that_sees_no_suffix_is_not_asked_where_a_middle_ends(prompter: Prompter, tmp_path: Path) -> None:
    """As in the samples that it learns from: else the two losses were of different things."""
    (tmp_path / "code.py").write_text(OTHER_CODE, "utf-8")
    unseen = prompt_config(prompter.info, Settings(prompt_format="plain"))
    found = draw_elsewhere(FolderRepository(tmp_path, SETTINGS), SettingsPrompter(unseen), 8, 0)
    assert found
    assert not any(sample.ends for sample in found if sample.end < len(OTHER_CODE))


def test_of_nothing(prompter: Prompter, tmp_path: Path) -> None:
    assert draw_elsewhere(FolderRepository(tmp_path, SETTINGS), prompter, 8, 0) == []


def test_of_the_standard_library(prompter: Prompter) -> None:
    """As many files as samples."""
    repository = FolderRepository(own_standard_library(), SETTINGS)
    found = draw_elsewhere(repository, prompter, 5, 0)
    assert len({sample.path for sample in found}) == 5
    assert {sample.language for sample in found} == {"python"}
    for sample in found:
        check(sample, fim.with_newlines(repository.read(sample.path).decode("utf-8")))
