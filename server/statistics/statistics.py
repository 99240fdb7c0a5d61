"""The statistics of a session: who follows its completions, and who writes down what becomes of them."""

from __future__ import annotations

from .observer import Observer
from .place import statistics_file
from .writer import StatisticsWriter

_LAST_WRITE_S = 0.5


class Statistics:
    """Nothing is written until they are switched on, which the user's settings say."""

    def __init__(self) -> None:
        self._writer = StatisticsWriter(statistics_file())
        self.observer = Observer(self._writer.put)

    def switch(self, *, on: bool) -> None:
        self._writer.is_on = on

    def close(self) -> None:
        """Writes what is known, unless the disk takes longer than it is worth."""
        self.observer.close()
        self._writer.close(_LAST_WRITE_S)
