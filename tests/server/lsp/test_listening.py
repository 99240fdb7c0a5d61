"""TCP and Unix sockets: one client, that said the token or is the socket's user, and nobody else."""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from commands import Seekline
from raw_client import INITIALIZE, RawServer, framed

TOKEN = "a-token-that-only-the-tests-know"
HELLO = framed({"id": 1, "method": "initialize", "params": INITIALIZE})
Start = Callable[..., RawServer]
unix_only = pytest.mark.skipif(sys.platform == "win32", reason="there are no Unix sockets in Python on Windows")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    servers: list[RawServer] = []

    def start(*options: str, env: dict[str, str] | None = None) -> RawServer:
        servers.append(RawServer(*options, folder=tmp_path, env=env))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def tcp(server: RawServer) -> socket.socket:
    host, _, port = server.announced("listening on").rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=60)


def refused(client: socket.socket) -> bool:
    """Whether the server has ended the connection without a word."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True
    finally:
        client.close()


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0", "localhost:0"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_client_with_the_token_is_served(start: Start, address: str, line_end: bytes) -> None:
    if "::1" in address and not _has_ipv6():
        pytest.skip("this machine has no ::1")
    server = start("--tcp", address, env={"SEEKLINE_TOKEN": TOKEN})
    client = tcp(server)
    server.connect(client)
    server.say(TOKEN.encode() + line_end + HELLO)
    assert server.receive()["result"]
    assert TOKEN not in server.log
    server.leave()


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


def test_a_new_token_is_printed_once_where_none_is_given(start: Start) -> None:
    server = start("--tcp", "127.0.0.1:0")
    client = tcp(server)
    token = server.announced("token")
    assert len(token) >= 32
    server.connect(client)
    server.say(token.encode() + b"\n" + HELLO)
    assert server.receive()["result"]
    server.leave()


def test_the_token_of_a_file_is_made_and_read(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "token"
    for _ in range(2):  # the second server reads what the first has written
        server = start("--tcp", "127.0.0.1:0", "--token-file", str(file))
        client = tcp(server)
        if sys.platform != "win32":
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        server.connect(client)
        server.say(file.read_bytes() + HELLO)
        assert server.receive()["result"]
        assert file.read_text().strip() not in server.log
        server.leave()


def test_strangers_are_refused_and_the_client_still_comes(start: Start) -> None:
    """A web page's requests, wrong tokens, no token, silence; twenty that say nothing hold up nobody."""
    server = start("--tcp", "127.0.0.1:0", env={"SEEKLINE_TOKEN": TOKEN})
    for said in (
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + HELLO,
        HELLO,
        b"\n" + HELLO,
        TOKEN.encode()[:-1] + b"\n" + HELLO,
        TOKEN.encode() + b"x\n" + HELLO,
        b" " + TOKEN.encode() + b"\n" + HELLO,
        b"x" * 100_000,
        b"\xff\xfe\n",
    ):
        stranger = tcp(server)
        stranger.sendall(said)
        assert refused(stranger)
    silent = [tcp(server) for _ in range(20)]
    client = tcp(server)
    server.connect(client)
    server.say(TOKEN.encode() + b"\n" + HELLO)
    assert server.receive()["result"]
    for stranger in silent:
        assert refused(stranger)
    server.leave()
    assert TOKEN not in server.log


def test_after_the_client_nobody_can_connect(start: Start) -> None:
    server = start("--tcp", "127.0.0.1:0", env={"SEEKLINE_TOKEN": TOKEN})
    client = tcp(server)
    server.connect(client)
    server.say(TOKEN.encode() + b"\n" + HELLO)
    server.receive()
    with pytest.raises(ConnectionRefusedError):
        tcp(server)
    assert server.state()
    server.leave()


@pytest.mark.parametrize("how", ["reset", "closed", "half closed"])
def test_the_server_ends_with_its_client(start: Start, how: str) -> None:
    server = start("--tcp", "127.0.0.1:0", env={"SEEKLINE_TOKEN": TOKEN})
    client = tcp(server)
    server.connect(client)
    server.say(TOKEN.encode() + b"\n" + HELLO)
    server.receive()
    if how == "half closed":
        client.shutdown(socket.SHUT_WR)
    if how == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if how != "half closed":
        client.close()
    assert server.ended() == 1


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"])
def test_what_other_machines_reach_is_refused(seekline: Seekline, address: str) -> None:
    run = seekline("serve", "--tcp", address)
    assert run.code == 2
    assert "can be reached from other machines" in run.err
    assert "--tcp-public" in run.err


def test_what_other_machines_reach_wants_the_token_too(start: Start) -> None:
    server = start("--tcp", "0.0.0.0:0", "--tcp-public", env={"SEEKLINE_TOKEN": TOKEN})
    with_token, without = tcp(server), tcp(server)
    without.sendall(b"POST / HTTP/1.1\r\n" + HELLO)
    assert refused(without)
    server.connect(with_token)
    server.say(TOKEN.encode() + b"\n" + HELLO)
    assert server.receive()["result"]
    server.leave()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--tcp", "::1:0"], "is no address"),
        (["--tcp", "127.0.0.1:\u0663"], "is no address"),
        (["--tcp", "no.such.host.invalid:0"], "is no address"),
        (["--tcp", "127.0.0.1:0", "--stdio"], "exclude each other"),
        (["--tcp", "127.0.0.1:0", "--socket", "s"], "exclude each other"),
        (["--token-file", "t"], "say how --tcp listens"),
        (["--tcp", "127.0.0.1:0", "--token-file", "empty"], "holds no token"),
        (["--tcp", "127.0.0.1:0", "--token-file", "no/folder"], "cannot be used"),
        (["--tcp", "127.0.0.1:0", "--token-file", "."], "cannot be used"),
    ],
)
def test_options_that_make_no_sense(seekline: Seekline, tmp_path: Path, options: list[str], problem: str) -> None:
    (tmp_path / "empty").touch(0o600)
    run = seekline("serve", *options)
    assert run.code == 2
    assert problem in run.err


@unix_only
def test_a_token_that_others_may_read_is_refused(seekline: Seekline, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o644)
    run = seekline("serve", "--tcp", "127.0.0.1:0", "--token-file", "token")
    assert run.code == 2
    assert "Others may read" in run.err


def test_a_port_that_is_taken(seekline: Seekline) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run = seekline("serve", "--tcp", f"127.0.0.1:{taken.getsockname()[1]}")
    assert run.code == 2
    assert "cannot be listened on" in run.err


@unix_only
def test_a_unix_socket_is_its_users_and_gone_with_its_client(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    server = start("--socket", str(path))
    assert server.announced("listening on") == str(path)
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(path))
    server.connect(client)
    server.say(HELLO)
    assert server.receive()["result"]
    assert not path.exists(), "nobody else can connect"
    server.leave()


@unix_only
@pytest.mark.parametrize("number", [2, 15], ids=["SIGINT", "SIGTERM"])
def test_a_socket_without_a_client_is_removed_at_the_end(start: Start, tmp_path: Path, number: int) -> None:
    path = tmp_path / "socket"
    server = start("--socket", str(path))
    server.announced("listening on")
    server.process.send_signal(number)
    assert server.ended() == 128 + number
    assert not path.exists()


@unix_only
def test_a_socket_that_a_dead_server_left_is_replaced(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    server = start("--socket", str(path))
    server.announced("listening on")
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600


@unix_only
@pytest.mark.parametrize("what", ["file", "folder", "link to a file", "dangling link", "link to a socket"])
def test_nothing_but_a_dead_socket_is_replaced(seekline: Seekline, tmp_path: Path, what: str) -> None:
    path, other = tmp_path / "it", tmp_path / "other"
    other.write_text("kept")
    if what == "file":
        path.write_text("kept")
    elif what == "folder":
        path.mkdir()
    elif what == "dangling link":
        path.symlink_to(tmp_path / "nowhere")
    else:
        if what == "link to a socket":
            other.unlink()
            left = socket.socket(socket.AF_UNIX)
            left.bind(str(other))
            left.close()
        path.symlink_to(other)
    before = path.lstat()
    run = seekline("serve", "--socket", str(path))
    assert run.code == 2
    assert "is no socket" in run.err
    assert os.path.samestat(before, path.lstat())
    assert other.exists()
    assert not (tmp_path / "nowhere").exists()


@unix_only
def test_a_socket_that_is_served_is_left_alone(seekline: Seekline, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        run = seekline("serve", "--socket", str(path))
        assert run.code == 2
        assert "Another server listens" in run.err
        assert path.exists()
    assert seekline("serve", "--socket", str(tmp_path / ("x" * 200))).code == 2


@unix_only
def test_a_listening_server_has_one_socket(start: Start) -> None:
    server = start("--tcp", "127.0.0.1:0")
    server.announced("listening on")
    listening = [c for c in psutil.Process(server.process.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert [c.laddr.ip for c in listening] == ["127.0.0.1"]
