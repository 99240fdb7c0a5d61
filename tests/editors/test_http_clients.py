"""Plugins of Neovim that complete over HTTP, with the configurations of editors/http: from a keystroke to ghost text on
the screen, and what they send for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import classic_vim
import pytest
from headless_neovim import ROOT, need_neovim, run_session
from http_traffic import SeenRequest, Traffic, watched_traffic
from seekline_http import seekline_http

CONFIGURATIONS = ROOT / "editors" / "http"
SESSION = Path(__file__).with_name("http_session.lua")
PORT = "8012"  # in the configurations
ABOVE = "def add(first, second):\n    return first + second\n\n\ndef multiply(first, second):\n    return "
BELOW = "\n\n\nprint(multiply(2, 3))\n"
KEYS = f"{ABOVE.count(chr(10)) + 1}GAf"
OTHER = "class Shelf:\n    def books_of(self, author):\n        return [b for b in self.books if b.author == author]\n"


def need_plugin(name: str) -> Path:
    """The folder of a plugin's repository: $SEEKLINE_<NAME>, or one in .editors/; the test skips without it."""
    variable = "SEEKLINE_" + name.upper().replace(".", "_").replace("-", "_")
    folder = Path(os.environ.get(variable, ROOT / ".editors" / name))
    if not folder.is_dir():
        pytest.skip(
            f"there is no {name} (tests/editors/get_http_clients.sh .editors brings it, or ${variable} says where)"
        )
    return folder


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with seekline_http() as port:
        yield port


def session(tmp_path: Path, plugin: str, configure: str, traffic: Traffic, **env: str) -> Any:
    """What is seen in Neovim with one plugin, which asks at `traffic`, when an "f" is typed between the two texts."""
    neovim = need_neovim()
    file, init = tmp_path / "main.py", tmp_path / "init.lua"
    file.write_text(ABOVE + BELOW, "utf-8")
    runtime = f"vim.opt.runtimepath:prepend({json.dumps(str(need_plugin(plugin)))})"
    init.write_text(f"{runtime}\n{configure.replace(PORT, str(traffic.port))}", "utf-8")
    return run_session(neovim, init, SESSION, file, SEEKLINE_KEYS=KEYS, **env)


def in_llama_vim(tmp_path: Path, traffic: Traffic, **env: str) -> Any:
    configuration = (CONFIGURATIONS / "llama-vim.vim").read_text("utf-8")
    env = {"SEEKLINE_NAMESPACE": "vt_fim", "SEEKLINE_ACCEPT": "<Tab>", **env}
    return session(tmp_path, "llama.vim", f"vim.cmd([==[\n{configuration}]==])\n", traffic, **env)


def in_vim(tmp_path: Path, traffic: Traffic) -> Any:
    """What is seen in classic Vim with llama.vim."""
    vim = classic_vim.need_vim()
    file, init = tmp_path / "main.py", tmp_path / "vimrc"
    file.write_text(ABOVE + BELOW, "utf-8")
    configuration = (CONFIGURATIONS / "llama-vim.vim").read_text("utf-8").replace(PORT, str(traffic.port))
    script = Path(__file__).with_name("vim_session.vim")
    init.write_text(f"set runtimepath^={need_plugin('llama.vim')}\n{configuration}source {script}\n", "utf-8")
    return classic_vim.run_session(vim, init, file, SEEKLINE_KEYS=KEYS, SEEKLINE_ACCEPT="\t")


def check_accepted(seen: Any) -> None:
    """The ghost text alone was put in, behind what was typed and before what follows."""
    assert "\n".join(seen["before"]) + "\n" == f"{ABOVE}f{BELOW}"
    # Minuet draws a blank behind the last of several lines.
    completed = ABOVE + "f" + seen["ghost_text"].removesuffix(" ")
    assert "\n".join(seen["lines"]) + "\n" == completed + BELOW
    assert seen["cursor"][0] == completed.count("\n") + 1


def test_llama_vim_shows_ghost_text_and_accepts_it(tmp_path: Path, server: int) -> None:
    with watched_traffic(server) as traffic:
        check_accepted(in_llama_vim(tmp_path, traffic))
    asked = next(request for request in traffic.requests if request.body["n_predict"])
    assert (asked.path, asked.status) == ("/infill", 200)
    assert asked.body["input_prefix"] + asked.body["prompt"] == ABOVE + "f"
    assert asked.body["input_suffix"] == BELOW
    assert (asked.body["model"], asked.headers["authorization"].strip()) == ("", "Bearer")


def test_llama_vim_does_so_in_classic_vim(tmp_path: Path, server: int) -> None:
    with watched_traffic(server) as traffic:
        check_accepted(in_vim(tmp_path, traffic))


def test_llama_vim_sends_what_was_seen_elsewhere(tmp_path: Path, server: int) -> None:
    sent, other = tmp_path / "sent", tmp_path / "shelf.py"
    other.write_text(OTHER, "utf-8")

    def answered(request: SeenRequest) -> None:
        names = {Path(chunk["filename"]).name for chunk in request.body["input_extra"]}
        if request.body["n_predict"] == 0 and "shelf.py" in names:
            sent.touch()

    with watched_traffic(server, answered) as traffic:
        check_accepted(in_llama_vim(tmp_path, traffic, SEEKLINE_VISITED=str(other), SEEKLINE_SENT=str(sent)))
    assert {request.status for request in traffic.requests} == {200}
    asked = next(request for request in traffic.requests if request.body["n_predict"])
    chunks = {Path(chunk["filename"]).name: chunk["text"] for chunk in asked.body["input_extra"]}
    assert chunks["shelf.py"] == OTHER


def test_minuet_shows_ghost_text_and_accepts_it(tmp_path: Path, server: int) -> None:
    configure = (CONFIGURATIONS / "minuet.lua").read_text("utf-8")
    env = {"SEEKLINE_NAMESPACE": "minuet.virtualtext", "SEEKLINE_ACCEPT": "<A-a>", "TERM": "dumb"}
    with watched_traffic(server) as traffic:
        check_accepted(session(tmp_path, "minuet-ai.nvim", configure, traffic, **env))
    asked = traffic.requests[0]
    assert (asked.path, asked.status) == ("/v1/completions", 200)
    assert (asked.body["prompt"], asked.body["suffix"] + "\n") == (ABOVE + "f", BELOW)
    assert (asked.body["stream"], asked.body["model"]) == (True, "seekline")


def test_llama_vscode_gets_a_completion_and_asks_ahead(server: int) -> None:
    node, folder = shutil.which("node"), need_plugin("llama.vscode")
    if node is None or not (folder / "client.js").exists():
        pytest.skip("there is no Node.js, or tests/editors/get_http_clients.sh had no npm to build the client with")
    settings = (CONFIGURATIONS / "llama-vscode.json").read_text("utf-8")
    above = (ABOVE + "f").splitlines()
    place = {"text": ABOVE + "f" + BELOW, "line": len(above) - 1, "character": len(above[-1]), "other": OTHER}
    with watched_traffic(server) as traffic:
        script = Path(__file__).with_name("llama_vscode.js")
        command = [node, script, folder, settings.replace(PORT, str(traffic.port)), json.dumps(place)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    assert len(seen["texts"]) == 1, seen["log"]
    warmed, asked, ahead = traffic.requests
    assert {request.status for request in traffic.requests} == {200}
    assert (warmed.body["n_predict"], asked.body["n_predict"], ahead.body["n_predict"]) == (0, 64, 64)
    assert asked.body["input_prefix"] + asked.body["prompt"] == ABOVE + "f"
    assert [chunk["text"] for chunk in asked.body["input_extra"]] == [OTHER + "\n"]
    assert ahead.body["input_prefix"] + ahead.body["prompt"] == ABOVE + "f" + seen["texts"][0]
    assert "t/s" in seen["statusBar"]
    assert seen["messages"] == []


def test_the_example_of_the_openai_package(server: int) -> None:
    document = (CONFIGURATIONS / "README.md").read_text("utf-8")
    [example] = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    command = [sys.executable, "-c", example.replace(PORT, str(server))]
    run = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()
