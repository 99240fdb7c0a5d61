"""Certificates are verified: who they are for, and who vouches for them."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from scripted_server import WAIT_S, ScriptedServer
from seekline.model.engines.http.client import HttpClient, Server
from seekline.model.engines.http.failures import HttpFailure

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which makes certificates, is missing")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its own issuer's, for 127.0.0.1 alone, with its key."""
    folder = tmp_path_factory.mktemp("certificate")
    made, key = folder / "certificate.pem", folder / "key.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key)]
    subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "30"]
    subprocess.run(["openssl", "req", "-x509", *curve, *subject, "-out", str(made)], check=True, capture_output=True)
    made.write_text(made.read_text() + key.read_text())
    return made


@pytest.fixture
def server(certificate: Path) -> Iterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ScriptedServer(lambda exchange: exchange.json({"data": []}), tls=context) as running:
        yield running


def ask(url: str) -> object:
    client = HttpClient(Server(url=url, headers={"authorization": "Bearer k-0123"}))
    try:
        return client.json("GET", "models", cancel=Event(), limit_s=WAIT_S)
    finally:
        assert client.close(WAIT_S)


def test_one_that_nobody_vouches_for(server: ScriptedServer) -> None:
    with pytest.raises(HttpFailure, match="has a certificate that does not hold: self-signed certificate") as raised:
        ask(server.url)
    assert raised.value.kind == "untrusted"
    assert server.exchanges == []


def test_one_that_the_user_vouches_for(
    server: ScriptedServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert ask(server.url) == {"data": []}


def test_one_for_another_name(server: ScriptedServer, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(HttpFailure, match="certificate"):
        ask(server.url.replace("127.0.0.1", "localhost"))
    assert server.exchanges == []


def test_a_server_without_tls() -> None:
    with ScriptedServer(lambda exchange: exchange.json({})) as plain, pytest.raises(HttpFailure) as raised:
        ask(plain.url.replace("http:", "https:"))
    assert raised.value.kind == "untrusted"
