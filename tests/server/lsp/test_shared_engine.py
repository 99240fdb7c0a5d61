"""Real servers of real editors share one engine process; where they can't, each says so once and computes itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
from editor import Editor, editor
from engine_place import NOBODY, files_of, has_ended, process_of, processes_at, small_disk
from raw_client import INITIALIZE, RawServer
from seekline import model
from seekline.model.engines.process.place import make_folder
from seekline.server.settings import consent
from tiny_models import save_llama

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and their processes are another system's")
CODE = "def add(first, second):\n    return ▮\n"
KEEP = ("--engine-keep-seconds", "0.5")


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[model.EnginePlace]:
    """The user's place, with nothing in it at the end."""
    monkeypatch.setenv("SEEKLINE_SHARE", "1")
    made = model.place_for_user()
    yield made
    if made.folder.is_dir():
        model.stop_engine(made)


async def completion(editor: Editor, name: str = "main.py") -> str | None:
    spot = editor.open(CODE, name)
    return await editor.ghost_text(spot)


async def until_ended(pid: int) -> None:
    while not has_ended(pid):
        await asyncio.sleep(0.02)


async def test_two_editors_complete_through_one_process(place: model.EnginePlace) -> None:
    async with editor(*KEEP) as first, editor(*KEEP) as second:
        text = await completion(first)
        assert text is not None
        assert await completion(second) == text
        pid = process_of(place)
        status = model.engine_status(place)
        assert status is not None
        assert {client.pid for client in status.host.clients} == {first.process.pid, second.process.pid}
        assert len(status.host.models) == 1
        assert not first.shown
        assert not second.shown
        for one in (first, second):
            assert not loads_a_model(one.process.pid), "the model is in the engine process alone"
    await until_ended(pid)
    assert files_of(place) == []


def loads_a_model(pid: int) -> bool:
    maps = psutil.Process(pid).memory_maps()
    return any("torch" in one.path or one.path.endswith(".safetensors") for one in maps)


async def test_an_editor_that_is_killed_leaves_the_other_one_working(place: model.EnginePlace) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(editor(*KEEP))
        second = await stack.enter_async_context(editor(*KEEP))
        assert await completion(first) == await completion(second)
        pid = process_of(place)
        first.process.send_signal(signal.SIGKILL)
        await first.process.wait()
        while len(clients_of(place)) != 1:
            await asyncio.sleep(0.02)
        assert await completion(second, "other.py")
        assert process_of(place) == pid
    await until_ended(pid)


def clients_of(place: model.EnginePlace) -> set[int]:
    status = model.engine_status(place)
    return set() if status is None else {client.pid for client in status.host.clients}


async def test_after_the_engine_is_killed_the_next_request_works(place: model.EnginePlace) -> None:
    async with editor(*KEEP) as one:
        assert await completion(one)
        pid = process_of(place)
        os.kill(pid, signal.SIGKILL)
        await until_ended(pid)
        for number in range(100):  # what is asked for until the end is noticed may have no answer
            if await completion(one, f"other_{number}.py") is not None:
                break
        assert process_of(place) != pid
        assert len(one.shown) <= 1, one.shown


async def test_stop_ends_it_and_the_next_request_starts_another(place: model.EnginePlace) -> None:
    async with editor(*KEEP) as one:
        assert await completion(one)
        pid = process_of(place)
        stopped = model.stop_engine(place)
        assert stopped is not None
        assert stopped.clients == 1
        assert await completion(one, "other.py")
        assert process_of(place) != pid


async def test_no_share_keeps_all_in_one_process(place: model.EnginePlace) -> None:
    async with editor("--no-share") as one:
        assert await completion(one)
        assert not place.folder.exists()


async def test_a_stale_socket_is_replaced(place: model.EnginePlace) -> None:
    make_folder(place)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place.socket))
    place.token.touch(mode=0o600)
    async with editor(*KEEP) as one:
        assert await completion(one)
        assert clients_of(place) == {one.process.pid}
        assert not one.shown


@contextmanager
def open_folder(folder: Path) -> Iterator[None]:
    folder.mkdir()
    folder.chmod(0o755)
    yield


@contextmanager
def folder_of_another(folder: Path) -> Iterator[None]:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    folder.mkdir(mode=0o700)
    os.chown(folder, NOBODY, NOBODY)
    yield
    os.chown(folder, os.geteuid(), os.getegid())


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    with small_disk(folder, "size=4k"):
        (folder / "fills it").write_bytes(bytes(4096))
        yield


OBSTACLES: dict[str, tuple[Callable[[Path], AbstractContextManager[None]], str]] = {
    "open": (open_folder, "Others may enter"),
    "another's": (folder_of_another, "belongs to another user"),
    "full": (full_disk, "No space left on device"),
    "read-only": (lambda folder: small_disk(folder, "ro"), "Read-only file system"),
}


@pytest.mark.parametrize("name", OBSTACLES)
async def test_without_an_engine_process_the_server_computes_itself(name: str, place: model.EnginePlace) -> None:
    obstacle, words = OBSTACLES[name]
    with obstacle(place.folder):
        async with editor(*KEEP) as one:
            assert await completion(one)
            assert words in await one.until_shown(words)
            assert await completion(one, "other.py")
            assert len(one.shown) == 1, "it is said once"
        assert processes_at(place) == []
    shutil.rmtree(place.folder)


async def test_a_folder_that_a_workspace_names_is_loaded_after_consent_only(
    place: model.EnginePlace, tmp_path: Path
) -> None:
    folder = save_llama(tmp_path / "model").resolve()
    other = save_llama(tmp_path / "other", seed=1).resolve()
    link = tmp_path / "link"
    link.symlink_to(folder)
    (tmp_path / "seekline.toml").write_text('model = "./link"\n', "utf-8")
    async with editor(*KEEP, workspace=tmp_path) as one:
        assert f"seekline models trust {folder}" in (await one.until("failed"))["reason"]
        consent.agree(folder)
        async with editor(*KEEP, workspace=tmp_path) as second:
            await second.until("ready")
        link.unlink()
        link.symlink_to(other)
        async with editor(*KEEP, workspace=tmp_path) as third:
            assert f"seekline models trust {other}" in (await third.until("failed"))["reason"]


async def test_many_editors_connect_type_and_leave(place: model.EnginePlace) -> None:
    """Nothing is left of them in the process, and nothing of the process."""
    async with editor(*KEEP) as first:
        await completion(first)
        pid = process_of(place)
        process = psutil.Process(pid)
        for _ in range(4):
            async with AsyncExitStack() as stack:
                editors = [await stack.enter_async_context(editor(*KEEP)) for _ in range(5)]
                for one in editors:
                    spot = one.open("def add(first, second):\n    ▮\n")
                    for letter in "return ":
                        spot = one.type(spot, letter)
                    assert await one.ghost_text(spot)
            while len(clients_of(place)) != 1:
                await asyncio.sleep(0.02)
        assert process_of(place) == pid
        assert process.num_fds() < 60
        assert process.num_threads() < 60
    await until_ended(pid)
    assert files_of(place) == []
    assert processes_at(place) == []


def test_who_waits_for_the_servers_output_does_not_wait_for_the_engine(
    place: model.EnginePlace, tmp_path: Path
) -> None:
    server = RawServer("--engine-keep-seconds", "always", folder=tmp_path)
    server.ask(1, "initialize", INITIALIZE)
    server.send(method="initialized", params={})
    while server.state() != "ready":
        pass
    assert process_of(place)
    server.leave()
    assert process_of(place), "it stays, although nobody is connected"
