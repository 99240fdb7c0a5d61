"""When completions are wanted in a document, as the settings say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ... import fim
from ..settings.settings import Mode, Settings
from ..workspace import matches

Asks = Literal["never", "invoked", "subtle", "eager"]
"""Not even when they are invoked; only then; also after a long pause in typing; while typing."""


def asks_in(settings: Settings, path: str, language: fim.Language | None) -> Asks:
    """`path` as the workspace has it. What is said of a file counts more than what is said of its language, and that
    more than the mode."""
    named: list[bool | Mode] = [asks for pattern, asks in settings.files.items() if matches(pattern, path)]
    said = named[-1] if named else _of_language(settings.languages, language)
    if said is False:
        return "never"
    return said if isinstance(said, str) else settings.mode


def _of_language(languages: Mapping[str, bool | Mode], language: fim.Language | None) -> bool | Mode | None:
    names = () if language is None else (language.name, *language.lsp_ids)
    for name in (*names, "*"):
        if name in languages:
            return languages[name]
    return None
