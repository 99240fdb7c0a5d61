"""Runs a server over its client's connection: standard input and output, or one TCP connection."""

from __future__ import annotations

import ipaddress
import logging
import os
import sys
from typing import Any, BinaryIO, NoReturn

from .app import SeeklineServer, create_server
from .lifetime import leave

log = logging.getLogger(__name__)

_CLIENT_DIED = 1


def serve_stdio(options: dict[str, Any]) -> NoReturn:
    """Serves the client at standard input and output; ends the process."""
    protocol_out = _keep_stdout_for_protocol()
    server = create_server(options)
    server.start_io(sys.stdin.buffer, protocol_out)
    _end(server)


def serve_tcp(options: dict[str, Any], host: str, port: int) -> NoReturn:
    """Serves the first client that connects to `host`:`port`; ends the process with it.

    Raises OSError where the address cannot be bound.
    """
    if not _is_loopback(host):
        log.warning("%s can be reached from other machines, and nothing asks them for a password", host)
    server = create_server(options)
    try:
        server.start_tcp(host, port)
    except SystemExit:
        log.debug("the client asked for the end")
    _end(server)


def _end(server: SeeklineServer) -> NoReturn:
    code = server.protocol.exit_code
    leave(_CLIENT_DIED if code is None else code, server.close)


def _keep_stdout_for_protocol() -> BinaryIO:
    """The real standard output; whatever else the process prints goes to standard error from here on."""
    sys.stdout.flush()
    protocol_out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout = sys.stderr
    return protocol_out


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
