"""A model folder that a workspace or an editor names: no code in it runs, and the user is asked before it is read."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from editor import Editor, editor
from lsprotocol import types as lsp
from seekline.server.settings import consent
from tiny_models import add_own_code, save_llama

CODE = "def add(first, second):\n    return ▮\n"
LOAD, LEAVE = "Load this folder", "Do not load it"
Way = Literal["workspace", "editor", "initializationOptions", "didChangeConfiguration"]
WAYS: tuple[Way, ...] = ("workspace", "editor", "initializationOptions", "didChangeConfiguration")


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llama(tmp_path_factory.mktemp("llama")).resolve()


@asynccontextmanager
async def told(way: Way, workspace: Path, settings: dict[str, Any], **more: Any) -> AsyncIterator[Editor]:
    """An editor in `workspace`, where one of the ways that a repository has says `settings`."""
    if way == "workspace":
        file = f'model = "{settings["model"]}"\ntrust_remote_code = {settings.get("trustRemoteCode", [])}\n'
        (workspace / "seekline.toml").write_text(file, "utf-8")
    asks = way != "didChangeConfiguration"
    async with editor(
        settings=settings if way == "editor" else None,
        started_with=settings if way == "initializationOptions" else None,
        workspace=workspace,
        asks=asks,
        **more,
    ) as made:
        if not asks:
            params = lsp.DidChangeConfigurationParams(settings={"seekline": settings})
            made.client.workspace_did_change_configuration(params)
        yield made


@pytest.mark.parametrize("agreed", [False, True], ids=["not agreed", "agreed"])
@pytest.mark.parametrize("way", WAYS)
async def test_code_of_a_repository_never_runs(tmp_path: Path, way: Way, agreed: bool) -> None:
    """Not even of a folder whose weights the user agreed to load: that is not what they agreed to."""
    folder = save_llama(tmp_path / "evil")
    trace = add_own_code(folder)
    if agreed:
        consent.agree(folder.resolve())
    settings = {"model": "./evil", "trustRemoteCode": ["./evil", str(folder), str(folder.resolve())], "offline": False}
    async with told(way, tmp_path, settings) as made:
        why = "its own code, which Seekline does not run unasked" if agreed else "seekline models trust"
        while why not in (await made.until("failed"))["reason"]:
            await asyncio.sleep(0.02)
        await made.until_shown("is ignored here, since a repository could set it")
        assert await made.ghost_text(made.open(CODE)) is None
        assert (await made.status())["state"] == "failed"
    assert not trace.exists()


async def test_code_runs_where_the_user_says_so_on_the_command_line(tmp_path: Path) -> None:
    """So the trace above would be there if the code had run."""
    folder = save_llama(tmp_path / "own").resolve()
    trace = add_own_code(folder)
    async with editor("--model", str(folder), "--trust-remote-code", str(folder), workspace=tmp_path) as made:
        while not trace.exists():
            assert (await made.status())["state"] != "failed"
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("way", WAYS)
async def test_the_user_is_asked_once_and_the_answer_is_kept(tmp_path: Path, llama: Path, way: Way) -> None:
    (tmp_path / "link").symlink_to(llama)
    asked: list[str] = []

    def choose(question: str) -> str:
        asked.append(question)
        return LOAD

    for _ in range(2):
        async with told(way, tmp_path, {"model": "./link"}, chooses=choose) as made:
            while str(llama) not in (await made.until("ready"))["reason"]:
                await asyncio.sleep(0.02)
            await made.ghost_text(made.open(CODE))  # a random model writes nothing that would be shown
            assert (await made.status())["state"] == "ready"
            while llama not in consent.read().folders:
                await asyncio.sleep(0.02)
    (question,) = asked
    assert str(llama) in question, "what is asked about is where the link leads"
    if os.name == "posix":
        assert consent.state_file().stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("answer", [LEAVE, None], ids=["no", "dismissed"])
async def test_without_a_yes_nothing_is_loaded_and_the_rest_works(
    tmp_path: Path, llama: Path, answer: str | None
) -> None:
    asked: list[str] = []

    def choose(question: str) -> str | None:
        asked.append(question)
        return answer

    async with editor(settings={"model": str(llama)}, workspace=tmp_path, chooses=choose) as made:
        assert "seekline models trust" in (await made.until("failed"))["reason"]
        if answer is None:
            assert str(llama) in await made.until_shown("seekline models trust")
        assert await made.ghost_text(made.open(CODE)) is None
        made.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings={}))
        assert await made.ghost_text(made.open(CODE)) is None
        made.client.set_configuration({"seekline": {"model": "embedded"}})
        made.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings={}))
        await made.until("ready")
        assert await made.ghost_text(made.open(CODE)) is not None
        assert len(asked) == 1
        assert len(made.shown) == (1 if answer is None else 0)
    assert consent.read().folders == frozenset()


async def test_where_nobody_can_be_asked_the_command_is_told_and_works_without_a_restart(
    tmp_path: Path, llama: Path
) -> None:
    async with editor(settings={"model": str(llama)}, workspace=tmp_path) as made:
        assert f"seekline models trust {llama}" in await made.until_shown("No completions")
        spot = made.open(CODE)
        assert await made.ghost_text(spot) is None
        consent.agree(llama)  # as that command does
        await made.ghost_text(spot)
        await made.until("ready")


async def test_a_link_that_leads_elsewhere_is_asked_about_again(tmp_path: Path, llama: Path) -> None:
    other = save_llama(tmp_path / "other", seed=1).resolve()
    link = tmp_path / "link"
    link.symlink_to(llama)
    consent.agree(llama)
    (tmp_path / "seekline.toml").write_text('model = "./link"\n', "utf-8")
    async with editor(workspace=tmp_path) as made:
        await made.until("ready")
    link.unlink()
    link.symlink_to(other)
    async with editor(workspace=tmp_path) as made:
        assert str(other) in (await made.until("failed"))["reason"]
        assert f"seekline models trust {other}" in await made.until_shown("No completions")


async def test_a_draft_model_is_asked_about_too(tmp_path: Path, llama: Path) -> None:
    asked: list[str] = []

    def choose(question: str) -> str:
        asked.append(question)
        return LOAD

    settings = {"draftModel": str(llama)}
    async with editor("--model", str(llama), settings=settings, workspace=tmp_path, chooses=choose) as made:
        await made.until("ready")
    assert asked == [], "the user's own command line has named the same folder"
    small = save_llama(tmp_path / "small", num_hidden_layers=1).resolve()
    settings = {"draftModel": "./small"}
    async with editor("--model", str(llama), settings=settings, workspace=tmp_path, chooses=choose) as made:
        while "drafts for it" not in (await made.until("ready"))["reason"]:
            await asyncio.sleep(0.02)
    assert [str(small) in question for question in asked] == [True]


async def test_a_damaged_memory_is_told_once_and_nobody_has_agreed(tmp_path: Path, llama: Path) -> None:
    consent.agree(llama)
    consent.state_file().write_text('{"folders": [', "utf-8")
    async with editor(settings={"model": str(llama)}, workspace=tmp_path) as made:
        await made.until_shown("no model folder counts as agreed to")
        await made.until_shown("seekline models trust")
        made.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings={}))
        assert await made.ghost_text(made.open(CODE)) is None
        assert len(made.shown) == 2
