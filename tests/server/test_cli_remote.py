"""`seekline complete` and `seekline doctor` with a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Seekline
from remote_engine import OWNED, refuses, writes
from scripted_server import Exchange, Script, ScriptedServer, closed_port
from seekline.server.engines import remote_model
from seekline.server.settings.config import command_line_layer, merge


class Answers:
    def __init__(self) -> None:
        self.script: Script = writes(" * 2", "\n")

    def __call__(self, exchange: Exchange) -> None:
        if exchange.path == "/v1/models":
            exchange.json(OWNED)
        else:
            self.script(exchange)


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def server(answers: Answers) -> Iterator[ScriptedServer]:
    with ScriptedServer(answers) as running:
        yield running


def test_complete(seekline: Seekline, file: str, server: ScriptedServer) -> None:
    run = seekline("complete", f"{file}:2:26", "--remote-url", server.url, "--json")
    assert run.code == 0, run.err
    assert (run.json["completion"], run.json["model"]) == (" * 2", "tiny")
    assert "completes left to right only" in run.err
    sent = server.exchanges[-1].asked
    assert sent["prompt"] == "def add(first, second):\n    return first + second"


def test_where_code_goes_is_said(seekline: Seekline, file: str, server: ScriptedServer) -> None:
    run = seekline("complete", f"{file}:2:26", "--remote-url", server.url)
    assert f"a server on this machine: http://127.0.0.1:{server.port}, for tiny" in " ".join(run.err.split())


def test_a_server_that_refuses_is_one_line_and_exit_2(
    seekline: Seekline, file: str, server: ScriptedServer, answers: Answers
) -> None:
    answers.script = refuses("404 Not Found", "no such model")
    run = seekline("complete", f"{file}:2:26", "--remote-url", server.url, "--remote-model", "big")
    assert run.code == 2
    said = " ".join(run.err.split())
    assert "answers 404: no such model." in said
    assert "there is a model 'big': remote_model names another one. It has tiny." in said


@pytest.mark.parametrize("url", ["nonsense", "http://user:secret@host/v1", "http://127.0.0.1:PORT/v1"])
def test_an_address_without_a_server(seekline: Seekline, file: str, url: str) -> None:
    run = seekline("complete", f"{file}:2:26", "--remote-url", url.replace("PORT", str(closed_port())))
    assert run.code == 2
    assert "remote_url" in run.err
    assert "secret" not in run.err


def test_a_workspaces_file_names_none(seekline: Seekline, file: str, server: ScriptedServer, tmp_path: Path) -> None:
    (tmp_path / "seekline.toml").write_text(f'remote_url = "{server.url}"\nmodel = "embedded"\n', "utf-8")
    run = seekline("complete", f"{file}:2:26", "--json")
    assert run.code == 0
    assert run.json["model"] == "embedded"
    assert "remote_url is ignored here" in " ".join(run.err.split())
    assert server.exchanges == []


def test_doctor_asks_the_server_what_it_is(seekline: Seekline, server: ScriptedServer, own_home: Path) -> None:
    folder = own_home / "config" / "seekline"
    folder.mkdir(parents=True)
    (folder / "seekline.toml").write_text(f'remote_url = "{server.url}"\n', "utf-8")
    run = seekline("doctor")
    assert run.code == 0, run.out
    assert f"Model: a server on this machine: http://127.0.0.1:{server.port}, for tiny" in run.out
    assert {exchange.path for exchange in server.exchanges} == {"/v1/models"}


def test_doctor_says_that_code_leaves_the_machine(seekline: Seekline, own_home: Path) -> None:
    folder = own_home / "config" / "seekline"
    folder.mkdir(parents=True)
    text = 'remote_url = "http://no-such-host.invalid/v1"\nremote_timeout_ms = 1000\n'
    (folder / "seekline.toml").write_text(text, "utf-8")
    run = seekline("doctor")
    assert run.code == 1
    said = " ".join((run.out + run.err).split())
    assert "remote: code is sent to http://no-such-host.invalid" in said
    assert "unencrypted" in said
    assert "http://no-such-host.invalid cannot be reached" in said


@pytest.mark.parametrize(
    ("settings", "context_tokens"),
    [
        ({}, None),
        ({"max_length": 8192}, 8192),
        ({"context_tokens": 4000, "max_new_tokens": 96}, 4096),
        ({"context_tokens": 4000, "max_length": 8192}, 8192),
    ],
)
def test_how_long_the_context_is_where_the_server_does_not_say(
    settings: dict[str, int], context_tokens: int | None
) -> None:
    config = merge([command_line_layer({"remote_url": "http://127.0.0.1/v1", **settings})])
    assert remote_model(config.settings, Path()).context_tokens == context_tokens
