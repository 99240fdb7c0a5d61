"""Asks the user once whether a model folder may be loaded that a workspace or an editor names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from typing import Literal

from ... import model
from . import consent
from .config import Config

Level = Literal["error", "warning", "info"]
Ask = Callable[[str, Sequence[str], Callable[[str | None], None]], None]
"""Asks the user: a question, the answers to choose from, and what to call with the one that was chosen; with None where
the user cannot be asked, gives no answer, or none for a while."""
_LOAD, _LEAVE = "Load this folder", "Do not load it"


def ask_nobody(question: str, answers: Sequence[str], answered: Callable[[str | None], None]) -> None:
    answered(None)


class FolderConsent:
    """What the user has agreed to in this session, beside what is remembered. `tell` shows a message once; `agreed` is
    called when a folder may be loaded that could not be before."""

    def __init__(self, ask: Ask, tell: Callable[[Level, str], None], agreed: Callable[[], None]) -> None:
        self._ask = ask
        self._tell = tell
        self._call_when_agreed = agreed
        self._asked: set[Path] = set()
        self._agreed: set[Path] = set()
        self._version: consent.Version = None
        self._was_refused = False

    def loadable(self, config: Config) -> frozenset[Path] | None:
        """The folders that may be loaded; None: all. Reads the disk."""
        self._version = consent.version()
        folders = consent.loadable(config, lambda problem: self._tell("warning", problem))
        return None if folders is None else folders | self._agreed

    def may_have_come(self) -> bool:
        """Whether a folder was refused, and the user may have agreed on the command line since. True once."""
        came = self._was_refused and consent.version() != self._version
        self._was_refused = self._was_refused and not came
        return came

    def ask_about(self, refused: model.PathNotAgreed) -> None:
        """Asks once whether a folder may be loaded; until then there is no model. From any thread."""
        self._was_refused = True
        if refused.path in self._asked:
            return
        self._asked.add(refused.path)

        def answered(choice: str | None) -> None:
            if choice == _LOAD:
                self._agree(refused.path)
            elif choice is None:
                self._tell("warning", f"No completions: {refused}")

        if refused.can_be_shown:
            self._ask(refused.question, (_LOAD, _LEAVE), answered)
        else:
            answered(None)

    def _agree(self, folder: Path) -> None:
        def remember() -> None:
            try:
                consent.agree(folder)
            except OSError as error:
                self._tell("warning", f"{folder} is loaded, but that you agreed cannot be remembered: {error}.")

        self._agreed.add(folder)
        Thread(target=remember, daemon=True).start()
        self._call_when_agreed()
