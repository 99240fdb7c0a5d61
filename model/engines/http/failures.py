"""What goes wrong between a client and its server, before anyone says what that means for a user."""

from __future__ import annotations

from typing import Literal

FailureKind = Literal["unreachable", "untrusted", "refused", "too slow", "broken off", "garbage"]


class HttpFailure(Exception):
    """An exchange that failed.

    `kind`: "unreachable", there is no connection; "untrusted", the server's certificate does not hold; "refused", it
    answered with another status than 200; "too slow", it said nothing for too long; "broken off", the connection ended
    in the middle; "garbage", the answer is none that the protocol knows, or has no end. `detail`: as the end of a
    sentence that begins with the server; it may quote the server, with no control characters and not at length.
    `status`, `retry_after_s`, `location`: of an answer that refuses.
    """

    def __init__(
        self,
        kind: FailureKind,
        detail: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        location: str | None = None,
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind: FailureKind = kind
        self.detail = detail
        self.status = status
        self.retry_after_s = retry_after_s
        self.location = location
