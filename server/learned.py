"""What `seekline learn train` has learned from the folders that are open: looked at again and again, since it comes and
goes while the server runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from .. import model
from .settings.field import LEARNED
from .settings.settings import Settings


class LearnedHere:
    """Of the first folder from which anything was learned. `now`: as it was at the last look."""

    def __init__(self) -> None:
        self.now: model.Learned | None = None
        self._folders: Sequence[Path] = ()

    def configure(self, settings: Settings, folders: Iterable[Path]) -> None:
        """The settings may want nothing of it."""
        self._folders = [model.repository_folder(folder) for folder in folders] if settings.adapter == LEARNED else ()

    def look(self) -> bool:
        """Whether it is another one by now. It asks the disk once for each folder."""
        before = self.now
        self.now = next(filter(None, map(model.learned_from, self._folders)), None)
        return self.now != before


def learned_in(settings: Settings, folder: Path) -> model.Learned | None:
    """What was learned from one folder, as far as the settings want it."""
    here = LearnedHere()
    here.configure(settings, [folder])
    here.look()
    return here.now
