"""Futures that several may settle, such as who has an answer and who gives up: the first one does."""

from __future__ import annotations

from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, TypeVar

from ..errors import Cancelled

T = TypeVar("T")


def settle(future: Future[Any], *, result: object = None, error: BaseException | None = None) -> None:
    """With the error where there is one. Nothing happens to a future that is settled.

    `Cancelled` is told without where it was raised: those frames hold KV caches, texts and the future, which would all
    stay until garbage is collected.
    """
    with suppress(InvalidStateError):
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error.with_traceback(None) if isinstance(error, Cancelled) else error)


def pass_on(done: Future[T], future: Future[T]) -> None:
    """Settles `future` as `done` is."""
    if done.exception() is None:
        settle(future, result=done.result())
    pass_on_error(done, future)


def pass_on_error(done: Future[Any], future: Future[Any]) -> None:
    """Settles `future` where `done` has failed."""
    error = done.exception()
    if error is not None:
        settle(future, error=error)
