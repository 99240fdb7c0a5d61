"""An adapter that an editor's settings change while the server serves: asked about, exchanged, and said."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from editor import PROMPTED_AS_A_LARGE_MODEL, Editor, editor
from lora_adapters import save_adapter, write_config
from lsprotocol import types as lsp
from seekline import model
from seekline.server.settings import consent

CODE = "def add(first, second):\n    return ▮\n"
LOAD = "Load this folder"


async def configure(made: Editor, **settings: Any) -> None:
    """Changes these settings alone, of those that the editor has had from the start."""
    made.client.set_configuration({"seekline": {**PROMPTED_AS_A_LARGE_MODEL, **settings}})
    made.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings={}))


async def until_reason(made: Editor, state: str, words: str) -> None:
    while True:
        status = await made.status()
        if status["state"] == state and words in status["reason"]:
            return
        await asyncio.sleep(0.02)


async def test_adapters_come_and_go(tmp_path: Path) -> None:
    """With the embedded model: the text is another one with an adapter, and the one of before without it."""
    base = model.embedded_folder()
    strong = save_adapter(tmp_path / "strong", base, rank=4).resolve()
    silent = save_adapter(tmp_path / "silent", base, rank=4, lora_alpha=0).resolve()
    asked: list[str] = []

    def choose(question: str) -> str:
        asked.append(question)
        return LOAD

    async with editor("--model", "embedded", workspace=tmp_path, chooses=choose) as made:
        spot = made.open(CODE)
        plain = await made.ghost_text(spot)
        assert plain
        texts: list[str | None] = []
        for adapter in (strong, silent, strong):
            await configure(made, adapter=str(adapter))
            await until_reason(made, "ready", f"with the adapter {adapter}")
            texts.append(await made.ghost_text(spot))
        assert texts[0] == texts[2] != plain
        assert texts[1] == plain
        await configure(made)
        await until_reason(made, "ready", "embedded on ")
        assert await made.ghost_text(spot) == plain
    assert [str(strong) in asked[0], str(silent) in asked[1], len(asked)] == [True, True, 2]
    assert all("as an adapter" in question for question in asked)


async def test_a_folder_that_was_agreed_to_needs_no_question(tmp_path: Path) -> None:
    adapter = save_adapter(tmp_path / "adapter", model.embedded_folder(), rank=4).resolve()
    consent.agree(adapter)
    (tmp_path / "seekline.toml").write_text('adapter = "./adapter"\n', "utf-8")
    async with editor("--model", "embedded", workspace=tmp_path) as made:
        await until_reason(made, "ready", str(adapter))
        assert made.shown == []


async def test_a_bad_adapter_is_told_once_and_nothing_is_written_until_it_is_mended(tmp_path: Path) -> None:
    adapter = save_adapter(tmp_path / "adapter", model.embedded_folder(), rank=4, lora_alpha=0)
    write_config(adapter, rank=4, use_dora=True)
    async with editor("--model", "embedded", "--adapter", str(adapter), workspace=tmp_path) as made:
        assert "use_dora" in await made.until_shown("No completions")
        spot = made.open(CODE)
        for _ in range(3):
            assert await made.ghost_text(spot) is None
        assert (await made.status())["state"] == "failed"
        assert len(made.shown) == 1
        write_config(adapter, rank=4, lora_alpha=0)
        await configure(made)
        await until_reason(made, "ready", str(adapter))
        assert await made.ghost_text(spot)
        assert len(made.shown) == 1
