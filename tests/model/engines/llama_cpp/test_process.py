"""The child process: who reaches it, what it tells of the user, how it ends, and what a bad file does to it."""

from __future__ import annotations

import logging
import math
import os
import signal
import struct
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from threading import Event
from time import monotonic, sleep

import psutil
import pytest
from llama_cpp_runs import need_llama_cpp, pieces_of, plan_of, request, running, written
from seekline import model
from seekline.model.engines.llama_cpp.process import ServerProcess, ServerSettings

SOON_S = 60.0
"""Longer than anything here takes on a busy machine: only a fault waits for it."""


@pytest.fixture
def process(tiny: tuple[Path, Path]) -> ServerProcess:
    return start(tiny[1])


def start(path: Path) -> ServerProcess:
    settings = ServerSettings(path=path, context_tokens=512, sequences=2, batch_tokens=64, threads=1, gpu=None)
    return ServerProcess(settings, lambda _: None)


def eventually(condition: Callable[[], bool]) -> None:
    deadline_s = monotonic() + SOON_S
    while not condition():
        assert monotonic() < deadline_s
        sleep(0.01)


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def status_of(url: str, **headers: str) -> int:
    asked = urllib.request.Request(url, headers=headers, data=b"{}" if url.endswith("completion") else None)
    try:
        with urllib.request.urlopen(asked) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def test_only_who_has_the_key_is_served(process: ServerProcess) -> None:
    try:
        url = process.address.url
        for path in ("/completion", "/slots", "/props", "/v1/models", "/tokenize"):
            assert status_of(url + path) == 401
            assert status_of(url + path, authorization="Bearer guess") == 401
        assert status_of(f"{url}/slots", authorization=f"Bearer {process.address.key}") == 200
        assert status_of(url) == 404  # no web page
    finally:
        process.close()


def test_no_web_page_may_read_its_answers(process: ServerProcess) -> None:
    try:
        asked = urllib.request.Request(f"{process.address.url}/health", headers={"Origin": "https://example.org"})
        with urllib.request.urlopen(asked) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] in (None, "")
    finally:
        process.close()


def test_it_listens_on_this_machine_alone(process: ServerProcess) -> None:
    try:
        sockets = psutil.Process(process.pid).net_connections()
        listening = [each.laddr.ip for each in sockets if each.status == psutil.CONN_LISTEN]
        assert listening == ["127.0.0.1"]
    finally:
        process.close()


def test_nobody_sees_the_key(process: ServerProcess) -> None:
    try:
        child = psutil.Process(process.pid)
        seen = " ".join([*child.cmdline(), *child.environ().values(), repr(process.address)])
        assert process.address.key not in seen
    finally:
        process.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_has_nothing_of_its_parents_input_and_output(process: ServerProcess) -> None:
    try:
        ours = {Path(f"/proc/self/fd/{number}").readlink() for number in range(3)}
        theirs = {path.readlink() for path in Path(f"/proc/{process.pid}/fd").iterdir()}
        assert not (ours & theirs) - {Path(os.devnull)}
    finally:
        process.close()


def test_nothing_of_the_text_is_logged(tiny: tuple[Path, Path], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tokenizer = model.Tokenizer(tiny[0])
    with running(tiny[1]) as runner:
        ids = tuple(tokenizer.encode_text("password = 'correct horse'\n"))
        written(runner, ids=ids)
        with pytest.raises(model.EngineDied):  # also where something is wrong
            written(runner, ids=(*ids, 10_000_000))
        said = "\n".join(runner._process._log)
    logged = "\n".join(record.getMessage() for record in caplog.records)
    for text in (said, logged):
        assert "horse" not in text
        assert "password" not in text


def test_it_ends_when_it_is_closed(process: ServerProcess) -> None:
    assert process.close()
    assert process.has_ended
    assert is_gone(process.pid)
    assert process.close()


def test_it_ends_while_it_computes(tiny: tuple[Path, Path]) -> None:
    with running(tiny[1], sequence_tokens=4096) as runner:
        pieces = pieces_of(runner, request(max_new_tokens=3000), Event())
        next(pieces)
        runner.close()
        with pytest.raises(model.EngineDied):
            list(pieces)
        assert runner.has_ended


PARENT = """
import sys, time
from pathlib import Path
from seekline.model.engines.llama_cpp.process import ServerProcess, ServerSettings
made = ServerProcess(
    ServerSettings(path=Path(sys.argv[1]), context_tokens=256, sequences=1, batch_tokens=64, threads=1, gpu=None),
    lambda _: None,
)
print(made.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM] if sys.platform != "win32" else [signal.SIGTERM])
def test_it_ends_with_its_parent(end: signal.Signals, tiny: tuple[Path, Path]) -> None:
    command = [sys.executable, "-c", PARENT, str(tiny[1])]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not is_gone(pid)
        parent.send_signal(end)
    eventually(lambda: is_gone(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends once it has read the weights")
def test_it_ends_with_its_parent_while_it_loads(tmp_path: Path) -> None:
    """A pipe in the place of the weights never ends, and llama.cpp holds Python's lock while it reads."""
    need_llama_cpp()
    os.mkfifo(tmp_path / "model.gguf")
    command = [sys.executable, "-c", PARENT, str(tmp_path / "model.gguf")]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as parent:
        watched = psutil.Process(parent.pid)
        eventually(lambda: len(watched.children()) == 1)
        (child,) = watched.children()
        eventually(lambda: any("xllamacpp" in each.path for each in child.memory_maps()))
        parent.kill()
    eventually(lambda: is_gone(child.pid))


def edited(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new, 1)


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "nothing": (lambda _: b"", "magic"),
    "another format": (lambda content: b"GGML" + content[4:], "magic"),
    "cut short": (lambda content: content[: len(content) // 2], "not within the file bounds"),
    "cut within its header": (lambda content: content[:300], "exceeds remaining|failed to read"),
    "a count that no file has": (lambda content: content[:16] + b"\xff" * 7 + b"\x00" + content[24:], "read"),
    "a tensor that is missing": (
        lambda content: edited(content, b"blk.1.attn_q.weight", b"blk.1.attn_x.weight"),
        "attn_q.weight' not found",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_clear_error(name: str, tiny: tuple[Path, Path], tmp_path: Path) -> None:
    spoil, fault = BAD[name]
    path = tmp_path / "bad.gguf"
    path.write_bytes(spoil(tiny[1].read_bytes()))
    with pytest.raises(model.BrokenCheckpoint, match=rf"bad\.gguf could not be loaded by llama\.cpp: .*({fault})"):
        start(path)


def test_an_architecture_that_nobody_knows(tiny: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(tiny[1].read_bytes().replace(b"llama", b"alpac"))
    with pytest.raises(model.UnsupportedArchitecture, match=r"'alpac' of bad\.gguf"):
        start(path)


def test_an_assertion_ends_the_child_alone(tiny: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "bad.gguf"
    key = b"llama.attention.layer_norm_rms_epsilon" + (6).to_bytes(4, "little")  # a float32
    content = tiny[1].read_bytes()
    at = content.index(key) + len(key)
    path.write_bytes(content[:at] + struct.pack("<f", math.nan) + content[at + 4 :])
    with pytest.raises(model.BrokenCheckpoint, match=r"bad\.gguf could not be loaded by llama\.cpp: eps >= 0"):
        start(path)


def test_the_memory_of_its_sequences_is_what_was_planned(tiny: tuple[Path, Path]) -> None:
    plan = plan_of(tiny[1])
    one_bytes = plan.checkpoint.kv_bytes_per_token * 512
    with running(tiny[1], sequence_tokens=512, kv_limit_bytes=3 * one_bytes) as runner:
        assert runner._settings.sequences == 3
    with running(tiny[1], sequence_tokens=512, kv_limit_bytes=1) as runner:
        assert runner._settings.sequences == 1
