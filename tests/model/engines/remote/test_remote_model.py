"""Addresses of servers and the keys for them, as a user may write them."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from remote_engine import asker, refuses, served, writes
from scripted_server import ScriptedServer
from seekline import model
from seekline.model.engines.remote.remote_model import address_of

KEY = "sk-0123456789"


@pytest.mark.parametrize(
    ("url", "origin", "full", "is_local", "is_encrypted"),
    [
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000", "http://127.0.0.1:8000/v1", True, False),
        ("http://localhost:8000", "http://localhost:8000", "http://localhost:8000/v1", True, False),
        ("http://[::1]:8000/v1/", "http://[::1]:8000", "http://[::1]:8000/v1", True, False),
        ("http://0.0.0.0:8000/v1", "http://0.0.0.0:8000", "http://0.0.0.0:8000/v1", True, False),
        ("https://api.deepseek.com/beta", "https://api.deepseek.com", "https://api.deepseek.com/beta", False, True),
        ("HTTP://Host.Example./x/y/", "http://host.example", "http://host.example/x/y", False, False),
        ("http://127.0.0.1.evil.example/v1", "http://127.0.0.1.evil.example", None, False, False),
        ("http://localhost.evil.example", "http://localhost.evil.example", None, False, False),
        ("http://192.168.0.7/v1", "http://192.168.0.7", None, False, False),
    ],
)
def test_addresses(url: str, origin: str, full: str | None, is_local: bool, is_encrypted: bool) -> None:
    found = address_of(url)
    assert (found.origin, found.is_local, found.is_encrypted) == (origin, is_local, is_encrypted)
    assert found.url == (full or found.url)


@pytest.mark.parametrize(
    "url",
    [
        *("", "host", "host:8000", "ftp://host", "file:///etc/passwd", "http://", "http://host:x", "http://[::1"),
        *("http://user:secret@host/v1", "http://secret@host", "http://host/?key=secret", "http://host/#x"),
        *("http://ho st/", "http://host/\n", "http://höst/", "http://host/\x7f"),
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(model.RemoteFailed, match="remote_url = ") as raised:
        address_of(url)
    assert "secret@" not in str(raised.value)


def sent_key(**settings: Any) -> str | None:
    with served(writes("x"), **settings) as (asked, server):
        asked.text()
        return server.exchanges[0].headers.get("authorization")


def test_a_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent_key() is None
    monkeypatch.setenv("SEEKLINE_REMOTE_KEY", f" {KEY}\n")
    assert sent_key() == f"Bearer {KEY}"
    assert sent_key(key="none") is None
    monkeypatch.setenv("OTHER", "other")
    assert sent_key(key="env:OTHER") == "Bearer other"


@pytest.mark.parametrize(
    ("key", "said"),
    [("env:NOT_SET", "NOT_SET is not set"), ("env:ODD", "characters that no key has"), ("keyring", "keyring")],
)
def test_a_key_that_is_not_there(monkeypatch: pytest.MonkeyPatch, key: str, said: str) -> None:
    monkeypatch.setenv("ODD", "a\nb: c")
    monkeypatch.setitem(sys.modules, "keyring", None)  # as where it is not installed
    with ScriptedServer(refuses("500 Wrong")) as server, asker(server.url, key=key) as asked:
        with pytest.raises(model.RemoteFailed, match=said):
            asked.info()
        assert server.exchanges == []


def test_a_key_of_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {("seekline", "127.0.0.1"): KEY}
    keyring, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    monkeypatch.setattr(keyring, "get_password", lambda *asked: kept.get(asked), raising=False)
    monkeypatch.setattr(errors, "KeyringError", RuntimeError, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    assert sent_key(key="keyring") == f"Bearer {KEY}"
    kept.clear()
    with (
        ScriptedServer(refuses("500 Wrong")) as server,
        asker(server.url, key="keyring") as asked,
        pytest.raises(model.RemoteFailed, match="has no key for"),
    ):
        asked.info()


def test_a_key_is_never_said(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in an error nor in the log, whatever the server says and however much is logged."""
    caplog.set_level("DEBUG")
    monkeypatch.setenv("SEEKLINE_REMOTE_KEY", KEY)
    with served(refuses("401 Unauthorized", f"the key {KEY} is wrong")) as (asked, _):
        with pytest.raises(model.RemoteFailed) as raised:
            asked.text()
        assert KEY not in str(raised.value) + asked.engine.status.reason + repr(asked.reports)
    assert KEY not in caplog.text
    assert "Bearer" not in caplog.text


@pytest.mark.parametrize("url", ["https://api.deepseek.com/beta", "http://192.0.2.1/v1", "http://no-such.invalid/v1"])
def test_offline_forbids_other_machines(url: str, opened: list[str]) -> None:
    with asker(url, offline=True) as asked, pytest.raises(model.RemoteFailed, match="offline = true"):
        asked.info()
    assert opened == []


def test_offline_allows_this_machine() -> None:
    with served(writes("x"), offline=True) as (asked, _):
        assert asked.text() == "x"


_WATCHED: list[str] = []
_IS_WATCHED = False


@pytest.fixture
def opened() -> list[str]:
    """The addresses that this process looks up or connects to from now on."""
    global _IS_WATCHED

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.getaddrinfo"):
            _WATCHED.append(str(arguments[1:]))

    if not _IS_WATCHED:
        sys.addaudithook(watch)
        _IS_WATCHED = True
    _WATCHED.clear()
    return _WATCHED


def test_code_that_goes_unencrypted_is_warned_of_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, opened: list[str]
) -> None:
    monkeypatch.setenv("SEEKLINE_REMOTE_KEY", KEY)
    with asker("http://no-such-host.invalid/v1", silence_s=1) as asked:
        with pytest.raises(model.RemoteFailed):
            asked.info()
        warnings = [report.message for report in asked.reports if report.warning]
        assert warnings[0].startswith("Your code and your key will go to http://no-such-host.invalid unencrypted")
        assert asked.engine.status.reason.startswith("http://no-such-host.invalid cannot be reached")


def test_where_code_goes_is_said() -> None:
    assert model.where_served("https://api.deepseek.com/beta") == "remote: code is sent to https://api.deepseek.com"


@pytest.mark.parametrize(
    ("models", "settings", "said"),
    [
        ({"data": []}, {}, "has no model"),
        ({"data": [{"id": "a"}, {"id": "b\n"}]}, {}, "has 2 models: a, b. Name one of them as remote_model"),
        ({"data": [{"id": f"m{n}"} for n in range(100)]}, {}, "has 100 models: m0, m1, m2, m3, m4, m5, m6, m7, …"),
        ({"data": 1}, {}, "does not list its models"),
        ([1], {}, "does not list its models"),
        ({"data": [{"id": 1}, {"id": ""}, {"id": "x" * 1000}, 7]}, {}, "has no model"),
        ({"data": [{"id": "a"}]}, {"takes": "ids"}, "tokenizer of the model is not known"),
        ({"data": [{"id": "a"}]}, {"tokenizer": "./nowhere"}, "remote_tokenizer: There is no"),
        (
            {"data": [{"id": "a", "meta": {"n_vocab": 100}}]},
            {"tokenizer": "embedded"},
            "embedded has 4096 tokens, a at http://127.0.0.1",
        ),
    ],
)
def test_a_server_that_does_not_fit_the_settings(models: Any, settings: dict[str, Any], said: str) -> None:
    with ScriptedServer(lambda exchange: exchange.json(models)) as server, asker(server.url, **settings) as asked:
        with pytest.raises(model.RemoteFailed) as raised:
            asked.info()
        assert said in str(raised.value)


@pytest.mark.parametrize("status", ["404 Not Found", "405 Not Allowed"])
def test_a_server_that_lists_no_models_has_the_one_that_is_named(status: str) -> None:
    with ScriptedServer(refuses(status)) as server, asker(server.url, model="named") as asked:
        assert asked.info().name == "named"


def test_a_named_model() -> None:
    models = {"data": [{"id": "a", "max_model_len": 512}, {"id": "b:latest", "max_model_len": 1024}]}
    with served(writes("x"), models, model="b") as (asked, server):
        assert asked.info().limits.context_tokens == 1024
        asked.text()
        assert server.exchanges[0].asked["model"] == "b"
