"""What `seekline learn train` has learned from the folders that are open: looked at again and again, since it comes and
goes while the server runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .. import model
from .settings.field import LEARNED
from .settings.settings import Settings
from .workspace import canonical


class LearnedHere:
    """Of the first folder from which anything was learned, itself before the repository that it is in. `now`: as it was
    at the last look. `places`: the folders of the store where it may be."""

    def __init__(self) -> None:
        self.now: model.Learned | None = None
        self.places: tuple[Path, ...] = ()

    def configure(self, settings: Settings, folders: Iterable[Path]) -> None:
        """The settings may want nothing of it."""
        found: list[Path] = []
        if settings.adapter == LEARNED and not settings.remote_url:
            for folder in folders:
                found += model.repository_folders(canonical(folder))
        self.places = tuple(dict.fromkeys(found))

    def look(self) -> bool:
        """Whether it is another one by now. It asks the disk once for each folder, and reads nothing."""
        before = self.now
        self.now = next(filter(None, map(model.learned_from, self.places)), None)
        return self.now != before


def learned_in(settings: Settings, folder: Path) -> model.Learned | None:
    """What was learned from one folder by now, as far as the settings want it."""
    here = LearnedHere()
    here.configure(settings, [folder])
    here.look()
    return here.now
