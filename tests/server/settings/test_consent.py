"""What the user has agreed to load: remembered, taken back, and never guessed from a damaged file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lsprotocol import types as lsp
from seekline import model
from seekline.server.lsp import client
from seekline.server.settings import consent
from seekline.server.settings.config import command_line_layer, editor_layer, merge


def test_it_is_remembered_and_taken_back(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "o'ther ü"
    assert consent.read() == consent.Agreed(folders=frozenset())
    consent.agree(one)
    consent.agree(other)
    consent.agree(one)
    assert consent.read().folders == {one, other}
    assert consent.forget(one)
    assert not consent.forget(one)
    assert consent.read().folders == {other}
    assert list(consent.state_file().parent.iterdir()) == [consent.state_file()], "no half-written file is left"


@pytest.mark.skipif(os.name != "posix", reason="Windows has other rights than these")
def test_nobody_else_can_read_or_change_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        consent.agree(tmp_path)
    finally:
        os.umask(before)
    assert consent.state_file().stat().st_mode & 0o777 == 0o600
    assert consent.state_file().parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b'{"folders": "/"}',
        b'{"folders": [1]}',
        b'{"folders": ["/x"], "all": true}',
        b'{"folders": ' + b"[" * 100_000,
        b'{"folders": ["/x"]}' + b" " * 300_000,
    ],
    ids=lambda content: repr(content[:24]),
)
def test_from_a_damaged_file_nobody_has_agreed(content: bytes, tmp_path: Path) -> None:
    consent.agree(tmp_path)
    consent.state_file().write_bytes(content)
    agreed = consent.read()
    assert agreed.folders == frozenset()
    assert agreed.problem is not None
    assert str(consent.state_file()) in agreed.problem
    consent.agree(tmp_path)
    assert consent.read() == consent.Agreed(folders=frozenset({tmp_path}))


def test_a_folder_that_the_users_own_settings_name_needs_no_agreement(tmp_path: Path) -> None:
    layer = {"model": str(tmp_path)}
    assert consent.loadable(merge([])) is None
    assert consent.loadable(merge([command_line_layer(layer)])) is None
    assert consent.loadable(merge([editor_layer(layer)])) == frozenset()
    assert consent.loadable(merge([editor_layer({"model": "owner/name"})])) is None
    both = [command_line_layer(layer), editor_layer({"draftModel": "/elsewhere"})]
    assert consent.loadable(merge(both)) == {tmp_path.resolve()}


def test_the_folder_that_was_agreed_to_is_the_one_that_is_opened(tmp_path: Path) -> None:
    """A link that is changed after the user was asked leads to a folder that is refused."""
    harmless, other = tmp_path / "harmless", tmp_path / "other"
    harmless.mkdir()
    other.mkdir()
    link = tmp_path / "link"
    link.symlink_to(harmless)
    agreed = {harmless.resolve()}
    wanted = model.ModelRequest(model=str(link), agreed=agreed)
    with pytest.raises(model.BrokenCheckpoint, match="harmless"):
        model.make_plan(wanted, base=tmp_path)  # which was agreed to, and is empty
    link.unlink()
    link.symlink_to(other)
    with pytest.raises(model.PathNotAgreed) as refused:
        model.make_plan(wanted, base=tmp_path)
    assert refused.value.path == other.resolve()


@pytest.mark.skipif(os.name != "posix", reason="Windows allows no such names")
def test_a_name_cannot_pretend_to_be_a_part_of_the_message(tmp_path: Path) -> None:
    refused = model.PathNotAgreed(tmp_path / "x\nSeekline: press Load")
    assert "\n" not in str(refused)
    assert not refused.can_be_shown
    assert "seekline models trust" not in str(refused)
    assert f"trust '{tmp_path}/a b'" in str(model.PathNotAgreed(tmp_path / "a b"))


class Slow:
    """An editor whose user answers when `answer` is set."""

    def __init__(self) -> None:
        self.answer = asyncio.Event()
        capabilities = lsp.WindowClientCapabilities(show_message=lsp.ShowMessageRequestClientCapabilities())
        self.client_capabilities = SimpleNamespace(window=capabilities)

    async def window_show_message_request_async(self, params: lsp.ShowMessageRequestParams) -> lsp.MessageActionItem:
        await self.answer.wait()
        assert params.actions
        return params.actions[0]


async def test_who_does_not_answer_is_told_and_may_still_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_PATIENCE_OF_USERS_S", 0.0)
    slow: Any = Slow()
    answers: asyncio.Queue[str | None] = asyncio.Queue()
    editor = client.EditorClient(slow, lambda settings: None)
    editor.start()
    editor.ask("May I?", ("yes", "no"), answers.put_nowait)
    assert await answers.get() is None
    slow.answer.set()
    assert await answers.get() == "yes"
    assert editor._showing is not None
    editor._showing.cancel()
