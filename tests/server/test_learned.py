"""Which of all that was learned concerns the folders that are open."""

from __future__ import annotations

from pathlib import Path

import pytest
from seekline import model
from seekline.model.catalogue import learned
from seekline.server.learned import LearnedHere, learned_in
from seekline.server.settings.settings import Settings

BASE = model.embedded_folder()


def learn(tmp_path: Path, repository: Path) -> None:
    draft = tmp_path / "draft"
    draft.mkdir()
    (draft / "adapter_config.json").write_text("{}", "utf-8")
    learned.publish(learned.learned_folder(repository, BASE), draft, repository=repository, base=BASE)


def folder_of(here: LearnedHere) -> Path | None:
    return here.now.folder if here.now else None


def test_the_first_folder_from_which_anything_was_learned(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two", "three")]
    here = LearnedHere()
    here.configure(Settings(), folders)
    assert (here.look(), here.now) == (False, None)
    for changed in (2, 1):
        learn(tmp_path, folders[changed])
        assert (here.look(), here.look()) == (True, False)
        assert folder_of(here) == learned.repository_folder(folders[changed])
    learned.withdraw(learned.learned_folder(folders[1], BASE))
    assert here.look()
    assert folder_of(here) == learned.repository_folder(folders[2])


def test_a_part_of_a_repository_has_what_was_learned_from_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "all" / ".git").mkdir(parents=True)
    part = tmp_path / "all" / "packages" / "part"
    part.mkdir(parents=True)
    learn(tmp_path, tmp_path / "all")
    assert learned_in(Settings(), part) == learned_in(Settings(), tmp_path / "all") is not None
    learn(tmp_path, part)
    found = learned_in(Settings(), part)
    assert found is not None
    assert found.folder == learned.repository_folder(part), "and its own first"
    assert learned_in(Settings(), part.parent) == learned_in(Settings(), tmp_path / "all") != found


@pytest.mark.parametrize(
    "given", [{"adapter": "none"}, {"adapter": "/a/folder"}, {"remote_url": "http://127.0.0.1:1/v1"}]
)
def test_who_wants_none_looks_for_none(tmp_path: Path, given: dict[str, str]) -> None:
    learn(tmp_path, tmp_path)
    assert learned_in(Settings(), tmp_path) is not None
    here = LearnedHere()
    here.configure(Settings.model_validate(given), [tmp_path])
    assert (here.look(), here.places) == (False, ())


def test_settings_that_change(tmp_path: Path) -> None:
    learn(tmp_path, tmp_path)
    here = LearnedHere()
    for settings, is_there in ((Settings(), True), (Settings(adapter="none"), False), (Settings(), True)):
        here.configure(settings, [tmp_path])
        assert here.look()
        assert (here.now is not None) == is_there
