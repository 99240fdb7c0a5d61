"""`seekline serve`: the language server."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import BadRequest
from ..lsp.transport import serve_socket, serve_stdio, serve_tcp
from ..settings.settings import keys
from .effective import load_config, of_size
from .options import (
    AdapterOption,
    DeviceOption,
    EngineOption,
    FormatOption,
    KeepOption,
    LibrariesOption,
    MemoryOption,
    ModelOption,
    OfflineOption,
    PackedOption,
    QuantizationOption,
    RemoteKeyOption,
    RemoteModelOption,
    RemotePromptOption,
    RemoteTokenizerOption,
    RemoteUrlOption,
    ShareOption,
    SizeOption,
    StatisticsOption,
    TrustRemoteCodeOption,
)

_HIGHEST_PORT = 65535

TcpOption = Annotated[
    str | None,
    typer.Option("--tcp", metavar="HOST:PORT", help="Listen there; the client's first line is the token."),
]
SocketOption = Annotated[
    Path | None, typer.Option("--socket", metavar="PATH", help="Listen on a Unix socket, for this user only.")
]
StdioOption = Annotated[bool, typer.Option("--stdio", help="Use stdin and stdout, which is the default.")]
TokenFileOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help="The token for --tcp, written there if missing; else $SEEKLINE_TOKEN, else a new one is printed.",
    ),
]
HttpOption = Annotated[
    str | None,
    typer.Option("--http", metavar="HOST:PORT", help="Serve the model over HTTP there, and no editor (extra http)."),
]
TcpPublicOption = Annotated[
    bool, typer.Option("--tcp-public", help="Let --tcp listen where other machines reach it, unencrypted.")
]


def serve(
    tcp: TcpOption = None,
    socket: SocketOption = None,
    stdio: StdioOption = False,
    token_file: TokenFileOption = None,
    tcp_public: TcpPublicOption = False,
    http: HttpOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    size: SizeOption = None,
    model_format: FormatOption = None,
    engine: EngineOption = None,
    quantization: QuantizationOption = None,
    packed_model: PackedOption = None,
    adapter: AdapterOption = None,
    trust_remote_code: TrustRemoteCodeOption = None,
    offline: OfflineOption = None,
    libraries: LibrariesOption = None,
    statistics: StatisticsOption = None,
    remote_url: RemoteUrlOption = None,
    remote_model: RemoteModelOption = None,
    remote_tokenizer: RemoteTokenizerOption = None,
    remote_prompt: RemotePromptOption = None,
    remote_key: RemoteKeyOption = None,
    share: ShareOption = None,
    engine_keep_seconds: KeepOption = None,
    engine_memory_gb: MemoryOption = None,
) -> None:
    """Run the language server, on stdin and stdout unless told otherwise."""
    given = {key: value for key, value in locals().items() if key in keys()}
    numbers = {key: _number_or_word(given[key]) for key in ("engine_keep_seconds", "engine_memory_gb")}
    options = {**given, **numbers, "model": of_size(model, size), "trust_remote_code": trust_remote_code or None}
    _check_one_way({"--stdio": stdio, "--tcp": tcp is not None, "--socket": socket is not None, "--http": bool(http)})
    if tcp is None and (token_file is not None or tcp_public):
        raise BadRequest("--token-file and --tcp-public say how --tcp listens.", "Add --tcp 127.0.0.1:0.")
    if tcp is not None:
        host, port = _host_and_port(tcp)
        serve_tcp(options, host, port, token_file=token_file, public=tcp_public)
    _serve(options, socket, http)


def _serve(options: dict[str, Any], socket: Path | None, http: str | None) -> None:
    """On the way that is given; else on stdin and stdout."""
    if socket is not None:
        serve_socket(options, socket)
    if http is not None:
        _serve_http(options, *_host_and_port(http))
    else:
        serve_stdio(options)


def _serve_http(options: dict[str, Any], host: str, port: int) -> None:
    """Raises `BadRequest`, and `BadSettings` as other commands do."""
    missing = [name for name in ("fastapi", "jinja2", "prometheus_client", "uvicorn") if find_spec(name) is None]
    if missing:
        raise BadRequest(
            f"--http needs {', '.join(missing)}.", "Install the extra: pipx install '.[http]' in the clone."
        )
    from ..http.serving import serve_http

    serve_http(load_config(None, **options), host, port)


def _number_or_word(text: str | None) -> float | str | None:
    """The settings say which numbers and words there are."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _check_one_way(ways: Mapping[str, bool]) -> None:
    """Raises `BadRequest` where more than one way to the client is given."""
    chosen = [name for name, given in ways.items() if given]
    if len(chosen) > 1:
        raise BadRequest(f"{' and '.join(chosen)} exclude each other.", "Give one of them.")


def _host_and_port(address: str) -> tuple[str, int]:
    """The parts of HOST:PORT, where an IPv6 address stands in brackets. Raises `BadRequest`."""
    host, _, port = address.rpartition(":")
    in_brackets = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if in_brackets else host
    is_host = bool(host) and (in_brackets or ":" not in host)
    if not (is_host and port.isascii() and port.isdecimal() and int(port) <= _HIGHEST_PORT):
        raise BadRequest(f"{address!r} is no address.", "Write HOST:PORT, such as 127.0.0.1:9257 or [::1]:9257.")
    return host, int(port)
