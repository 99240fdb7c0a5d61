"""`seekline serve`: the language server."""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import BadRequest
from ..transport import serve_stdio, serve_tcp
from .options import (
    DeviceOption,
    LibrariesOption,
    ModelOption,
    OfflineOption,
    QuantizationOption,
    TrustRemoteCodeOption,
)

_HIGHEST_PORT = 65535


def serve(
    tcp: Annotated[
        str | None, typer.Option("--tcp", metavar="HOST:PORT", help="Listen there instead of on stdin.")
    ] = None,
    stdio: Annotated[bool, typer.Option("--stdio", help="Use stdin and stdout, which is the default.")] = False,
    model: ModelOption = None,
    device: DeviceOption = None,
    quantization: QuantizationOption = None,
    trust_remote_code: TrustRemoteCodeOption = None,
    offline: OfflineOption = None,
    libraries: LibrariesOption = None,
) -> None:
    """Run the language server, on stdin and stdout unless told otherwise."""
    options = {
        "model": model,
        "device": device,
        "quantization": quantization,
        "trust_remote_code": trust_remote_code or None,
        "offline": offline,
        "libraries": libraries,
    }
    if tcp is None:
        serve_stdio(options)
    if stdio:
        raise BadRequest("--stdio and --tcp exclude each other.", "Give one of them.")
    host, _, port = tcp.rpartition(":")
    if not (host and port.isdecimal() and int(port) <= _HIGHEST_PORT):
        raise BadRequest(f"{tcp!r} is no address.", "Write HOST:PORT, such as 127.0.0.1:9257.")
    try:
        serve_tcp(options, host, int(port))
    except OSError as error:
        raise BadRequest(f"{tcp} cannot be listened on: {error.strerror}.", "Choose another port.") from error
