"""Which failures are worth another try, and when: soon, not all clients at once, and not before the server says."""

from __future__ import annotations

import random

from ..http.failures import HttpFailure

MOST_RETRIES = 3
_FIRST_WAIT_S = 0.25
_PASSING = ("unreachable", "broken off")
_PASSING_STATUS = (429, 500, 502, 503, 504, 529)


def wait_s(failure: HttpFailure, tries: int) -> float | None:
    """How long to wait after so many failed tries; None where another one is not worth it.

    Each wait is twice the one before, by half more or less, so that those who failed together do not come again
    together.
    """
    if tries > MOST_RETRIES:
        return None
    if failure.kind not in _PASSING and failure.status not in _PASSING_STATUS:
        return None
    wait = _FIRST_WAIT_S * 2 ** (tries - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - nobody gains by guessing it
    return max(wait, failure.retry_after_s or 0.0)
