"""Adapters that were learned from repositories: found by repository and model, whole at any time."""

from __future__ import annotations

import json
import shutil
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
    assert learned.learned_adapter(repository / "src", EMBEDDED) == adapter
    assert (adapter / "adapter_model.safetensors").is_file()
    (tmp_path / "other").mkdir()
    assert learned.learned_adapter(tmp_path / "other", EMBEDDED) is None
    tuned = shutil.copytree(EMBEDDED, tmp_path / "tuned")
    assert learned.learned_adapter(repository, tuned) == adapter, "the same weights elsewhere"
    weights = bytearray((tuned / "model.safetensors").read_bytes())
    weights[-5] ^= 1
    (tuned / "model.safetensors").write_bytes(weights)
    assert learned.learned_adapter(repository, tuned) is None
    assert learned.learned_adapter(repository, save_llama(tmp_path / "another")) is None


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


def test_a_failure_on_the_way_leaves_what_was_there(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = published(tmp_path, repository)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dump", full)
    with pytest.raises(OSError, match="No space"):
        published(tmp_path, repository, seed=2)
    assert learned.learned_adapter(repository, EMBEDDED) == adapter
    assert not [file for file in adapter.parent.iterdir() if file.name.startswith(".current")]
