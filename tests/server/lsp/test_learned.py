"""What is learned from the workspace while the server serves: the next completion has it, and has it no more."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from editor import editor
from lora_adapters import save_adapter
from seekline import model
from seekline.model.catalogue import learned

CODE = "def add(first, second):\n    return ▮\n"
BASE = model.embedded_folder()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(learned.HOME_VARIABLE, str(tmp_path / "adapters"))
    return tmp_path / "adapters"


def learn(tmp_path: Path, repository: Path, seed: int, **config: Any) -> Path:
    draft = save_adapter(tmp_path / f"draft-{seed}", BASE, rank=4, seed=seed, **config)
    return learned.publish(learned.learned_folder(repository, BASE), draft, repository=repository, base=BASE)


async def test_what_is_learned_is_used_by_the_next_completion_and_forgotten_as_soon(tmp_path: Path) -> None:
    workspace = tmp_path / "project"
    workspace.mkdir()
    async with editor("--model", "embedded", workspace=workspace) as made:
        spot = made.open(CODE)
        plain = await made.ghost_text(spot)
        assert plain
        strong = learn(tmp_path, workspace, 1)
        learned_text = await made.ghost_text(spot)
        assert learned_text != plain
        assert str(strong) in (await made.status())["reason"]
        learn(tmp_path, workspace, 2, lora_alpha=0)
        assert await made.ghost_text(spot) == plain
        learn(tmp_path, workspace, 1)
        assert await made.ghost_text(spot) == learned_text
        learned.withdraw(learned.learned_folder(workspace, BASE))
        assert await made.ghost_text(spot) == plain
        assert made.shown == []


async def test_it_is_for_the_repository_that_it_was_learned_from_alone(tmp_path: Path) -> None:
    for name in ("project", "other"):
        (tmp_path / name).mkdir()
    learn(tmp_path, tmp_path / "other", 1)
    async with editor("--model", "embedded", workspace=tmp_path / "project") as made:
        await made.ghost_text(made.open(CODE))
        assert "adapter" not in (await made.status())["reason"]


async def test_who_wants_none_gets_none(tmp_path: Path) -> None:
    learn(tmp_path, tmp_path, 1)
    async with editor("--model", "embedded", "--adapter", "none", workspace=tmp_path) as made:
        await made.ghost_text(made.open(CODE))
        assert "adapter" not in (await made.status())["reason"]


async def test_one_that_is_broken_is_told_once_and_the_model_goes_on_without(tmp_path: Path) -> None:
    async with editor("--model", "embedded", workspace=tmp_path) as made:
        spot = made.open(CODE)
        plain = await made.ghost_text(spot)
        adapter = learn(tmp_path, tmp_path, 1, use_dora=True)
        for _ in range(2):
            assert await made.ghost_text(spot) == plain
        assert "use_dora" in await made.until_shown("seekline learn forget")
        assert len(made.shown) == 1
        weights = adapter / "adapter_model.safetensors"
        learn(tmp_path, tmp_path, 2)
        weights.write_bytes(weights.read_bytes()[:100])
        assert await made.ghost_text(spot) != plain


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and their processes are another system's")
async def test_editors_that_share_a_model_share_what_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one repository; the process loads the base once."""
    monkeypatch.setenv("SEEKLINE_SHARE", "1")
    place = model.place_for_user()
    workspace = tmp_path / "project"
    workspace.mkdir()
    options = ("--model", "embedded", "--engine-keep-seconds", "0.5")
    async with editor(*options, workspace=workspace) as first, editor(*options, workspace=workspace) as second:
        spots = [made.open(CODE) for made in (first, second)]
        plain = await first.ghost_text(spots[0])
        assert await second.ghost_text(spots[1]) == plain
        learn(tmp_path, workspace, 1)
        texts = [await first.ghost_text(spots[0]), await second.ghost_text(spots[1])]
        assert texts[0] == texts[1] != plain
        learned.withdraw(learned.learned_folder(workspace, BASE))
        assert [await first.ghost_text(spots[0]), await second.ghost_text(spots[1])] == [plain, plain]
        learn(tmp_path, workspace, 1)
        assert await second.ghost_text(spots[1]) == texts[1]
        status = model.engine_status(place)
        assert status is not None
        assert len(status.host.models) == 1
    model.stop_engine(place)
