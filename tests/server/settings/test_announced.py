"""What is told once is told once, and again where it cannot be remembered."""

from __future__ import annotations

from pathlib import Path

import pytest
from seekline.server.settings import announced


def test_each_sentence_is_news_once() -> None:
    assert announced.is_news("A first sentence.")
    assert announced.is_news("A second\nsentence.")
    assert not announced.is_news("A first sentence.")
    assert not announced.is_news("A second sentence.")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 100_000])
def test_a_file_that_is_none_of_ours_is_made_anew(content: bytes) -> None:
    announced.state_file().parent.mkdir(parents=True)
    announced.state_file().write_bytes(content)
    assert announced.is_news("A sentence.")
    assert not announced.is_news("A sentence.")


def test_where_nothing_can_be_remembered_it_is_told_again(own_home: Path) -> None:
    announced.state_file().parent.parent.mkdir(parents=True)
    announced.state_file().parent.write_text("no folder", "utf-8")
    assert announced.is_news("A sentence.")
    assert announced.is_news("A sentence.")
