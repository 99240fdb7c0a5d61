"""Nothing leaves the machine unasked: connections are watched in the processes themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import fake_hub
import pytest
from editor import editor
from tiny_models import save_llama

# Python calls the hook for every attempt, also one from a library's thread; names are looked up before connections.
WATCH = """
import os, sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        with open(os.environ["WATCH_LOG"], "a") as log:
            print(event, arguments[1:], file=log)
sys.addaudithook(watch)
"""
FILE = "class Garden:\n    def __init__(self, beds):\n        self.beds = \n"


@pytest.fixture
def watched(tmp_path: Path) -> dict[str, str]:
    """An environment in which every attempt to connect is written to `log`."""
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH, "utf-8")
    return {**os.environ, "PYTHONPATH": str(tmp_path / "watch"), "WATCH_LOG": str(tmp_path / "log")}


def attempts(watched: dict[str, str]) -> str:
    log = Path(watched["WATCH_LOG"])
    return log.read_text() if log.exists() else ""


def seekline(watched: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "seekline.server", *arguments]
    return subprocess.run(command, env=watched, capture_output=True, text=True, timeout=120)


def test_the_watch_sees_a_connection(watched: dict[str, str]) -> None:
    code = "import socket; socket.create_connection(('127.0.0.1', 9))"
    subprocess.run([sys.executable, "-c", code], env=watched, capture_output=True)
    assert "socket.connect" in attempts(watched)


def test_complete_opens_no_connection(watched: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(FILE, "utf-8")
    run = seekline(watched, "complete", str(tmp_path / "main.py") + ":3:21", "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["new_tokens"] > 0
    assert attempts(watched) == ""


async def test_the_server_opens_no_connection(watched: dict[str, str]) -> None:
    async with editor("--model", "auto", env=watched) as made:
        await made.until("ready")
        assert await made.ghost_text(made.open(FILE.replace("= ", "= ▮")))
    assert attempts(watched) == ""


def test_a_missing_model_is_not_fetched(watched: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(FILE, "utf-8")
    place = str(tmp_path / "main.py") + ":3:21"
    run = seekline(watched, "complete", place, "--model", "deepseek-ai/deepseek-coder-1.3b-base")
    assert run.returncode == 2
    assert "seekline models download" in run.stderr
    assert attempts(watched) == ""


def test_a_download_fetches_what_was_asked_for_and_no_more(watched: dict[str, str], tmp_path: Path) -> None:
    """From a hub on loopback: licence first, no pickle, no telemetry; the model then completes without the hub."""
    folder = save_llama(tmp_path / "model")
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (tmp_path / "main.py").write_text(FILE, "utf-8")
    with fake_hub.serve({"owner/name": folder}) as hub:
        env = {**watched, "HF_ENDPOINT": hub.url}
        run = seekline(env, "models", "download", "owner/name", "--yes")
        assert run.returncode == 0, run.stderr
        assert "licence of owner/name" in run.stderr
        assert all("/owner/name/" in line for line in hub.asked), hub.asked
        assert not any("pytorch_model.bin" in line for line in hub.asked)
    Path(watched["WATCH_LOG"]).unlink()
    run = seekline(watched, "complete", str(tmp_path / "main.py") + ":3:21", "--json", "--model", "owner/name")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["model"] == "owner/name"
    pinned = seekline(
        watched, "prompt", str(tmp_path / "main.py") + ":3:21", "--model", f"owner/name@{fake_hub.COMMIT}"
    )
    assert pinned.returncode == 0, pinned.stderr
    assert attempts(watched) == ""
    assert "owner/name" in seekline(watched, "models", "list", "--json").stdout
    assert seekline(watched, "models", "remove", "owner/name", "--yes").returncode == 0
    assert "owner/name" not in seekline(watched, "models", "list", "--json").stdout


def test_a_download_that_breaks_off_is_named_and_goes_on_later(watched: dict[str, str], tmp_path: Path) -> None:
    folder = save_llama(tmp_path / "model")
    (tmp_path / "main.py").write_text(FILE, "utf-8")
    complete = ["complete", str(tmp_path / "main.py") + ":3:21", "--json", "--model", "owner/name"]
    with fake_hub.serve({"owner/name": folder}) as hub:
        env = {**watched, "HF_ENDPOINT": hub.url}
        hub.break_after = 2000
        run = seekline(env, "models", "download", "owner/name", "--yes")
        assert run.returncode == 2
        assert "could not be downloaded" in run.stderr
        run = seekline(watched, *complete)
        assert run.returncode == 2
        assert "incomplete" in run.stderr
        hub.break_after = None
        assert seekline(env, "models", "download", "owner/name", "--yes").returncode == 0
    assert seekline(watched, *complete).returncode == 0


def test_a_repository_with_pickles_only_is_refused_before_its_weights(watched: dict[str, str], tmp_path: Path) -> None:
    folder = save_llama(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with fake_hub.serve({"owner/name": folder}) as hub:
        run = seekline({**watched, "HF_ENDPOINT": hub.url}, "models", "download", "owner/name", "--yes")
        assert run.returncode == 2
        assert "no weights as safetensors" in run.stderr
        assert not any("resolve" in line for line in hub.asked)
