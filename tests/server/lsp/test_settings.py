"""Settings from an editor: where they come from, what is said of wrong ones, and what a change does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from editor import AUTOMATIC, Editor, as_dict, editor
from lsprotocol import types as lsp
from seekline.server.settings import consent
from tiny_models import save_llama

CODE = "class Garden:\n    def __init__(self, beds):\n        self.beds = ▮\n"


async def settled(made: Editor) -> None:
    """Waits until the settings have been taken: the model is then at least on its way."""
    while (await made.status())["state"] == "not loaded":
        await asyncio.sleep(0.02)


async def changed(made: Editor, settings: dict[str, Any]) -> None:
    """Changes the settings, and waits until the server has asked for them."""
    asked, known = asyncio.Event(), made.client.get_configuration

    def get_configuration(**which: Any) -> Any:
        asked.set()
        return known(**which)

    with patch.object(made.client, "get_configuration", get_configuration):
        made.client.set_configuration({"seekline": settings})
        made.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings={}))
        await asked.wait()
    await made.status()


async def test_wrong_settings_are_shown_once_each_and_the_server_works(tmp_path: Path) -> None:
    (tmp_path / "seekline.toml").write_text('devce = "cpu"\ntrust_remote_code = ["x/y"]\n', "utf-8")
    wrong = {"maxTokens": 3, "device": "toaster", "languages": {"pyton": True}}
    async with editor(settings=wrong, started_with=wrong, workspace=tmp_path) as made:
        await settled(made)
        for _ in range(3):
            await changed(made, wrong)
        assert await made.ghost_text(made.open(CODE))
        assert len(made.shown) == len(set(made.shown)) == 5
        assert any("'maxTokens'. Did you mean maxNewTokens?" in message for message in made.shown)
        assert any("'devce'. Did you mean device?" in message for message in made.shown)
        assert any('device must be "auto"' in message for message in made.shown)
        assert any("'pyton'. Did you mean python?" in message for message in made.shown)
        assert any("trust_remote_code is ignored here" in message for message in made.shown)


async def test_a_broken_toml_is_one_message_and_the_server_works(tmp_path: Path) -> None:
    (tmp_path / "seekline.toml").write_text("model = \n", "utf-8")
    async with editor(workspace=tmp_path) as made:
        await settled(made)
        assert await made.ghost_text(made.open(CODE))
        (message,) = made.shown
        assert "seekline.toml: this is not TOML" in message
        assert "line 1" in message


@pytest.mark.parametrize("asks", [True, False])
async def test_languages_can_be_switched_off_and_on(asks: bool) -> None:
    """By an editor that is asked for its settings, and by one that only sends them."""
    off: dict[str, Any] = {"languages": {"python": False}}
    async with editor("--model", "embedded", settings=off, started_with=off, asks=asks) as made:
        await settled(made)
        spot = made.open(CODE)
        assert await made.ghost_text(spot) is None
        on = {"languages": {"*": False, "python": True}}
        if asks:
            await changed(made, on)
        else:
            params = lsp.DidChangeConfigurationParams(settings={"seekline": on})
            made.client.workspace_did_change_configuration(params)
        while await made.ghost_text(spot) is None:
            await asyncio.sleep(0.02)
        assert await made.ghost_text(made.open(CODE, "a.lua", "lua")) is None


async def test_a_settings_file_that_changes_is_read_again(tmp_path: Path) -> None:
    async with editor("--model", "embedded", workspace=tmp_path) as made:
        await settled(made)
        spot = made.open(CODE)
        assert await made.ghost_text(spot)
        file = tmp_path / "seekline.toml"
        file.write_text("languages = { python = false }", "utf-8")
        change = lsp.FileEvent(uri=file.as_uri(), type=lsp.FileChangeType.Created)
        made.client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([change]))
        while await made.ghost_text(spot):
            await asyncio.sleep(0.02)


async def test_what_is_asked_before_the_settings_are_known_waits_for_them() -> None:
    """Otherwise the answer comes from a model that they do not name, or never: the editor does not ask twice."""
    async with editor(settings={"model": "embedded", "languages": {"lua": False}}) as made:
        # They stand right behind `initialized`: the server reads them before the client's answer to its question.
        asked = made.ask(made.open(CODE))
        switched_off = made.ask(made.open(CODE, "a.lua", "lua"))
        prompt = made.command("seekline.prompt", made.open(CODE, "other.py").params)
        assert (await asked).items
        assert not (await switched_off).items
        assert as_dict(await prompt)["prefix"].endswith("        self.beds =")
        assert "it is what the settings name" in (await made.until("ready"))["reason"]
        loaded = [message for message in made.client.log_messages if "choosing a model" in message.message]
        assert len(loaded) == 1


async def test_a_change_before_the_settings_are_known_ends_what_was_asked_before_it() -> None:
    async with editor(settings={"model": "embedded"}) as made:
        spot = made.open(CODE)
        older = made.ask(spot)
        newer = made.ask(made.type(spot, "first + "))
        assert await older is None
        assert await newer is not None, "null is the answer to what is out of date"


async def test_excluded_files_are_left_alone(tmp_path: Path) -> None:
    async with editor("--model", "embedded", settings={"exclude": ["private*"]}) as made:
        await settled(made)
        assert await made.ghost_text(made.open(CODE, "private.py")) is None
        assert await made.ghost_text(made.open(CODE, "public.py"))


async def test_the_model_changes_with_the_settings(tmp_path: Path) -> None:
    other = save_llama(tmp_path / "other")
    consent.agree(other.resolve())
    async with editor(settings={"model": "embedded"}) as made:
        assert "embedded on cpu" in (await made.until("ready"))["reason"]
        await changed(made, {"model": str(other)})
        while str(other) not in (await made.until("ready"))["reason"]:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "deepseek-coder-1.3b-base"}, "seekline models download"),
        ({"model": "./nowhere"}, "There is no folder or file"),
        ({"model": "deepsek-coder-1.3b-base"}, "Did you mean deepseek-coder-1.3b-base"),
        ({"device": "cuda:7"}, "There is no device 'cuda:7'"),
    ],
)
async def test_a_model_that_cannot_load_is_one_message_and_the_server_lives(
    settings: dict[str, Any], message: str
) -> None:
    async with editor(settings=settings) as made:
        status = await made.until("failed")
        assert message in status["reason"]
        spot = made.open(CODE)
        for _ in range(3):
            assert await made.ghost_text(spot, AUTOMATIC) is None
        await made.until_shown(message)
        assert len(made.shown) == 1


async def test_mending_the_settings_mends_the_server() -> None:
    async with editor(settings={"model": "./nowhere"}) as made:
        await made.until("failed")
        spot = made.open(CODE)
        assert await made.ghost_text(spot) is None
        await changed(made, {"model": "embedded"})
        await made.until("ready")
        assert await made.ghost_text(spot)


async def test_a_damaged_model_is_one_message(tmp_path: Path) -> None:
    folder = save_llama(tmp_path / "model")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    consent.agree(folder.resolve())
    async with editor(settings={"model": str(folder)}) as made:
        await made.until_shown("its header announces")
        assert len(made.shown) == 1
