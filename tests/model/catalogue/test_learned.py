"""Adapters that were learned from repositories: found by repository and model, whole at any time."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from itertools import count
from pathlib import Path
from threading import Event, Thread

import pytest
from lora_adapters import save_adapter
from seekline import model
from seekline.model.catalogue import learned
from tiny_models import save_llama

EMBEDDED = model.embedded_folder()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(learned.HOME_VARIABLE, str(tmp_path / "adapters"))
    return tmp_path / "adapters"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    (made / ".git").mkdir(parents=True)
    (made / "src").mkdir()
    return made


def published(tmp_path: Path, repository: Path, base: Path = EMBEDDED, seed: int = 1) -> Path:
    draft = save_adapter(tmp_path / f"draft-{seed}", EMBEDDED, rank=2, seed=seed)
    return learned.publish(learned.learned_folder(repository, base), draft, repository=repository, base=base)


def test_what_is_published_is_in_force_for_its_repository_and_model_alone(tmp_path: Path, repository: Path) -> None:
    assert learned.learned_adapter(repository, EMBEDDED) is None
    adapter = published(tmp_path, repository)
    assert learned.learned_adapter(repository, EMBEDDED) == adapter
    assert learned.learned_adapter(repository / "src", EMBEDDED) is None
    assert (adapter / "adapter_model.safetensors").is_file()
    (tmp_path / "other").mkdir()
    assert learned.learned_adapter(tmp_path / "other", EMBEDDED) is None
    assert learned.learned_adapter(repository, save_llama(tmp_path / "another")) is None


def test_a_folder_is_concerned_by_what_was_learned_from_itself_and_from_its_repository(
    tmp_path: Path, repository: Path
) -> None:
    """Not by what was learned from a folder below it, or from what is around its repository."""
    (repository / "src" / "deep").mkdir()
    paths = (repository / "src" / "deep", repository / "src", repository)
    folders = tuple(map(learned.repository_folder, paths))
    assert learned.repository_folders(paths[0]) == folders
    assert learned.repository_folders(repository) == folders[2:]
    (tmp_path / "plain").mkdir()
    assert learned.repository_folders(tmp_path / "plain") == (learned.repository_folder(tmp_path / "plain"),)


@pytest.mark.skipif(sys.platform == "win32", reason="links take a privilege there")
def test_a_link_to_a_repository_is_the_repository(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "link").symlink_to(repository)
    assert learned.repository_folder(tmp_path / "link") == learned.repository_folder(repository)


@pytest.mark.skipif(sys.platform == "win32", reason="rights are another system's")
def test_nobody_else_may_look(tmp_path: Path, repository: Path, home: Path) -> None:
    adapter = published(tmp_path, repository)
    own = (home, adapter.parent.parent, adapter.parent)
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in own] == [0o700] * 3


def test_the_state_is_another_one_with_each_change(tmp_path: Path, repository: Path) -> None:
    folder = learned.repository_folder(repository)
    states = [learned.learned_from(folder)]
    for seed in (1, 2):
        published(tmp_path, repository, seed=seed)
        states.append(learned.learned_from(folder))
    learned.withdraw(learned.learned_folder(repository, EMBEDDED))
    states.append(learned.learned_from(folder))
    assert states[0] is None
    assert states[-1] is None
    assert states[1] != states[2]
    assert learned.learned_adapter(repository, EMBEDDED) is None


def test_of_older_ones_the_last_stays(tmp_path: Path, repository: Path, home: Path) -> None:
    made = [published(tmp_path, repository, seed=seed) for seed in range(4)]
    assert [adapter.is_dir() for adapter in made] == [False, False, True, True]
    abandoned, begun = made[-1].parent / ".abandoned", made[-1].parent / ".begun"
    for folder in (abandoned, begun):
        folder.mkdir()
    os.utime(abandoned, (0, 0))
    made.append(published(tmp_path, repository, seed=4))
    assert [adapter.is_dir() for adapter in made] == [False, False, False, True, True]
    assert (abandoned.exists(), begun.exists()) == (False, True)
    (found,) = learned.all_learned()
    assert (found.folder, found.base, found.repository) == (made[-1], "embedded", str(repository.resolve()))
    assert found.size_bytes > 10_000


def test_withdrawing_one_model_leaves_the_others(tmp_path: Path, repository: Path) -> None:
    other = save_llama(tmp_path / "other-model")
    kept = published(tmp_path, repository)
    published(tmp_path, repository, base=other, seed=2)
    before = learned.learned_from(learned.repository_folder(repository))
    learned.withdraw(learned.learned_folder(repository, other))
    assert learned.learned_adapter(repository, EMBEDDED) == kept
    assert learned.learned_adapter(repository, other) is None
    after = learned.learned_from(learned.repository_folder(repository))
    assert after is not None
    assert after != before


@pytest.mark.parametrize(
    "said", ["", "[]", "{}", '{"adapter": 1}', '{"adapter": "../../elsewhere"}', '{"adapter": "gone"}']
)
def test_a_file_that_says_nothing_sensible_puts_nothing_in_force(tmp_path: Path, repository: Path, said: str) -> None:
    adapter = published(tmp_path, repository)
    shutil.copytree(adapter, adapter.parent.parent.parent / "elsewhere")
    (adapter.parent / learned.CURRENT).write_text(said, "utf-8")
    assert learned.learned_adapter(repository, EMBEDDED) is None
    assert list(learned.all_learned()) == []


def test_who_looks_meanwhile_finds_a_whole_one(tmp_path: Path, repository: Path) -> None:
    published(tmp_path, repository, seed=1)
    over = Event()
    seen: set[Path | None] = set()

    def look() -> None:
        while not over.is_set():
            found = learned.learned_adapter(repository, EMBEDDED)
            seen.add(found)

    looking = Thread(target=look)
    looking.start()
    for seed in range(2, 8):
        published(tmp_path, repository, seed=seed)
    over.set()
    looking.join()
    assert None not in seen
    assert seen


# The weights and the configuration of the draft are on the disk, it has its name, and is in force.
STEPS = (
    (os, "fsync", 1),
    (os, "fsync", 2),
    (Path, "rename", 1),
    (json, "dump", 1),
    (os, "fsync", 3),
    (Path, "replace", 1),
)


@pytest.mark.parametrize(("owner", "step", "time"), STEPS)
def test_a_failure_on_the_way_leaves_what_was_there(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch, owner: object, step: str, time: int
) -> None:
    """Then the next one goes through."""
    adapter = published(tmp_path, repository)
    state = learned.learned_from(learned.repository_folder(repository))
    real, calls = getattr(owner, step), count(1)

    def full(*given: object, **named: object) -> object:
        if next(calls) == time:
            raise OSError(28, "No space left on device")
        return real(*given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(owner, step, full)
        with pytest.raises(OSError, match="No space"):
            published(tmp_path, repository, seed=2)
    assert learned.learned_adapter(repository, EMBEDDED) == adapter
    assert learned.learned_from(learned.repository_folder(repository)) == state
    assert not [file for file in adapter.parent.iterdir() if file.name.startswith(".current")]
    assert published(tmp_path, repository, seed=3) == learned.learned_adapter(repository, EMBEDDED)


def test_what_it_gains_is_told(tmp_path: Path, repository: Path) -> None:
    draft = save_adapter(tmp_path / "draft", EMBEDDED, rank=2)
    said = {"held_out": {"relative": -0.08, "before": 2}, "elsewhere": {"relative": 0.001}, "scale": 1}
    (draft / learned.GAINS).write_text(json.dumps(said), "utf-8")
    learned.publish(learned.learned_folder(repository, EMBEDDED), draft, repository=repository, base=EMBEDDED)
    (found,) = learned.all_learned()
    assert (found.held_out, found.elsewhere) == (-0.08, 0.001)
    for wrong in ("[]", "{", '{"held_out": 1, "elsewhere": {"relative": "much"}}'):
        (found.folder / learned.GAINS).write_text(wrong, "utf-8")
        (again,) = learned.all_learned()
        assert (again.held_out, again.elsewhere) == (None, None)
