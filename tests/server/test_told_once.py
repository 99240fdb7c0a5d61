"""A message that several threads have to say at the same time is shown once."""

from __future__ import annotations

import logging
from threading import Thread

from seekline.server.told_once import ToldOnce, log


def test_who_comes_in_between_shows_it_no_second_time() -> None:
    shown: list[tuple[str, str]] = []
    tell = ToldOnce(lambda level, message: shown.append((level, message)))

    class Meanwhile(logging.Handler):
        """While one thread writes the message to the log, another has the same to say."""

        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno == logging.WARNING and len(shown) < 3:
                other = Thread(target=tell, args=("warning", "The engine has ended."))
                other.start()
                other.join()

    handler = Meanwhile()
    log.addHandler(handler)
    try:
        tell("warning", "The engine has ended.")
        tell("warning", "Another.")
    finally:
        log.removeHandler(handler)
    assert shown == [("warning", "The engine has ended."), ("warning", "Another.")]
