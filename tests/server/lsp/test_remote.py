"""A server that the user's own settings name, seen from an editor: what is sent to it, when, and what is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from editor import AUTOMATIC, Editor, editor, server_command
from gguf_models import save_llama_gguf
from llama_server import llama_server
from lsprotocol import types as lsp
from project_files import write
from remote_engine import refuses, writes
from scripted_server import WAIT_S, Exchange, Script, ScriptedServer
from tiny_models import save_llama
from witness import AuditHook, Strace, why_no_strace

DEEPSEEK = {"data": [{"id": "deepseek-coder:6.7b-base", "owned_by": "vllm", "max_model_len": 4096}]}


@pytest.fixture
def user_file(own_home: Path) -> Path:
    (own_home / "config" / "seekline").mkdir(parents=True)
    return own_home / "config" / "seekline" / "seekline.toml"


class Served:
    """A server that lists `models` and completes by `script`; `sent`: what it was asked to complete."""

    def __init__(self) -> None:
        self.models: object = DEEPSEEK
        self.script: Script = writes("1 +", " 2\n")
        self.sent: list[Exchange] = []

    def answer(self, exchange: Exchange) -> None:
        if exchange.path == "/v1/models":
            exchange.json(self.models)
            return
        self.sent.append(exchange)
        self.script(exchange)


@pytest.fixture
def served() -> Served:
    return Served()


@pytest.fixture
def server(served: Served) -> Iterator[ScriptedServer]:
    with ScriptedServer(served.answer) as running:
        yield running


async def test_the_users_own_file_is_enough(served: Served, server: ScriptedServer, user_file: Path) -> None:
    """Of the server nothing but its address: its model is known by name, so its control tokens are spelled."""
    user_file.write_text(f'remote_url = "{server.url}"\n', "utf-8")
    async with editor(settings={"promptFormat": None}) as made:
        status = await made.until("ready")
        assert await made.ghost_text(made.open("# before\ntotal = ▮\n# behind\n"), AUTOMATIC) == "1 + 2"
        assert made.shown == []
    assert f"a server on this machine: http://127.0.0.1:{server.port}" in json.dumps(status)
    prompt = served.sent[0].asked["prompt"]
    assert prompt == "<｜fim▁begin｜># before\ntotal = <｜fim▁hole｜>\n# behind\n<｜fim▁end｜>"


async def test_nothing_is_sent_before_somebody_asks(server: ScriptedServer, user_file: Path) -> None:
    user_file.write_text(f'remote_url = "{server.url}"\n', "utf-8")
    async with editor() as made:
        await made.until("ready")
        made.open("password = ▮\n")
        await made.status()
    assert {exchange.path for exchange in server.exchanges} == {"/v1/models"}
    assert {exchange.body for exchange in server.exchanges} == {b""}


WITNESSES = [
    "audit hook",
    pytest.param("strace", marks=pytest.mark.skipif(why_no_strace() is not None, reason=str(why_no_strace()))),
]


@pytest.mark.parametrize("witness", WITNESSES)
async def test_neither_a_workspace_nor_an_editor_can_name_a_server(
    witness: str, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are refused with a message, and no connection is opened, although the key is there."""
    monkeypatch.setenv("SEEKLINE_REMOTE_KEY", "k-0123")
    root = write(tmp_path / "root", {"seekline.toml": f'remote_url = "{server.url}"\n', "main.py": ""})
    (tmp_path / "witness").mkdir()
    watching: AuditHook | Strace = {"audit hook": AuditHook, "strace": Strace}[witness](tmp_path / "witness")
    command = [*watching.command, *server_command()]
    theirs = {"remoteUrl": server.url, "remoteKey": "env:HOME"}
    async with editor(
        settings=theirs, started_with=theirs, workspace=root, env=watching.environment, command=command
    ) as made:
        await made.until("ready")
        assert await made.ghost_text(made.open("for i in ra▮\n"))
        await made.until_shown("seekline.toml: remote_url is ignored here, since a repository could set it")
        await made.until_shown("remoteUrl is ignored here, since a repository could set it")
        await made.until_shown("remoteKey is ignored here")
    assert server.exchanges == []
    opened = [deed.what for deed in watching.deeds() if deed.kind == "network"]
    assert [what for what in opened if "AF_UNIX" not in what and what != "family 1"] == []


async def test_a_failure_is_told_once_and_the_next_request_works(
    served: Served, server: ScriptedServer, user_file: Path
) -> None:
    user_file.write_text(f'remote_url = "{server.url}"\n', "utf-8")
    served.script = refuses("401 Unauthorized", "no such key")
    async with editor() as made:
        await made.until("ready")
        spot = made.open("total = ▮\n")
        for _ in range(3):
            assert await made.ghost_text(spot) is None
        (said,) = made.shown
        assert f"http://127.0.0.1:{server.port} answers 401: no such key." in said
        assert "SEEKLINE_REMOTE_KEY" in said
        assert (await made.status())["state"] == "failed"
        served.script = writes("1 + 2\n")
        assert await made.ghost_text(spot) == "1 + 2"
        assert (await made.status())["state"] == "ready"


async def test_a_server_that_is_not_there_and_then_is(served: Served, user_file: Path) -> None:
    with ScriptedServer(served.answer) as running:
        port = running.port
    user_file.write_text(f'remote_url = "http://127.0.0.1:{port}/v1"\n', "utf-8")
    async with editor() as made:
        said = await made.until_shown("cannot be reached")
        assert "Start the server, or set remote_url to where it is." in said
        spot = made.open("total = ▮\n")
        assert await made.ghost_text(spot) is None
        with ScriptedServer(served.answer, port=port):
            assert await made.ghost_text(spot) == "1 + 2"
        assert len(made.shown) == 1


async def test_a_cancel_reaches_the_server(served: Served, server: ScriptedServer, user_file: Path) -> None:
    user_file.write_text(f'remote_url = "{server.url}"\n', "utf-8")

    def endless(exchange: Exchange) -> None:
        exchange.stream()
        exchange.event({"choices": [{"text": "1", "finish_reason": None}]})
        exchange.wait_until_left()

    served.script = endless
    async with editor() as made:
        await made.until("ready")
        spot = made.open("total = ▮\n")
        asked = made.ask(spot, id="slow")
        while not served.sent:
            await made.status()
        made.type(spot, "x")
        assert await asked is None
        assert served.sent[0].left.wait(WAIT_S)


async def test_settings_that_change_exchange_the_engine(
    served: Served, server: ScriptedServer, user_file: Path
) -> None:
    async with editor() as made:
        await made.until("ready")
        spot = made.open("total = ▮\n")
        user_file.write_text(f'remote_url = "{server.url}"\n', "utf-8")
        await told_of_settings(made)
        assert await made.ghost_text(spot) == "1 + 2"
        user_file.write_text("", "utf-8")
        await told_of_settings(made)
        sent = len(served.sent)
        assert await made.ghost_text(spot) is not None
        assert len(served.sent) == sent


async def told_of_settings(made: Editor) -> None:
    """As an editor tells of a change, upon which all layers are read again."""
    made.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings={}))
    await made.status()


async def test_offline_forbids_a_server_on_another_machine(user_file: Path) -> None:
    user_file.write_text('remote_url = "https://api.deepseek.com/beta"\noffline = true\n', "utf-8")
    async with editor() as made:
        said = await made.until_shown("offline = true, but remote_url names another machine: https://api.deepseek.com")
        assert "No completions: " in said


async def test_llama_cpps_server_in_an_editor(tmp_path: Path, user_file: Path) -> None:
    """With the tokenizer of its model: as ids, by a real server, whose text is whatever random weights say."""
    folder = save_llama(tmp_path / "model", max_position_embeddings=1024)
    with llama_server(save_llama_gguf(folder, tmp_path / "tiny.gguf")) as running:
        user_file.write_text(f'remote_url = "{running.url}"\nremote_tokenizer = "{folder}"\n', "utf-8")
        async with editor(settings={"leastProbability": 0}) as made:
            await made.until("ready")
            spot = made.open("def area(width, height):\n    return wid▮\n")
            assert (await made.ask(spot)) is not None
            status: dict[str, Any] = await made.status()
            assert status["state"] == "ready"
            assert made.shown == []
