"""An editor's connection to the engine process: what is asked over it, and what comes back to whom."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from itertools import count
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread

import msgspec

from ...errors import Cancelled, EngineDied
from ..engine import CompletionRequest, Piece
from .channel import Channel, HungUp
from .messages import (
    Ask,
    AskInfo,
    Cancel,
    Done,
    Failed,
    Forget,
    Known,
    KnownInfo,
    Load,
    Message,
    Pieces,
    Reported,
    ToEditor,
    decode_for_editor,
    error_of,
    failure,
)
from .texts import SentTexts, in_unicode

log = logging.getLogger(__name__)

_LOOKS_EVERY_S = 0.005
"""Whether a request was cancelled, while nothing comes: an event wakes nobody who waits for something else."""

Answer = Pieces | Done | Failed


def engine_died() -> EngineDied:
    return EngineDied("The process that computes for all editors has ended.", "The next request starts it again.")


def engine_keeps_dying(times: int) -> EngineDied:
    return EngineDied(
        f"The process that computes for all editors has ended {times} times in a row.",
        "Choose another model or engine, or a smaller context_tokens; `seekline doctor` may say more.",
    )


_DIED = failure(engine_died())


class Link:
    """Owns a connection and the thread that reads it. `report`: called from that thread for each step of loading;
    `ended`: called from it once, last."""

    def __init__(
        self, connection: Connection, report: Callable[[Reported], None], ended: Callable[[Link], None]
    ) -> None:
        self._channel = Channel(connection)
        self._report = report
        self._ended = ended
        self._numbers = count()
        self._lock = Lock()
        self._answers: dict[int, SimpleQueue[Answer]] = {}
        self._infos: dict[int, Future[KnownInfo]] = {}
        self._texts = SentTexts()
        self.is_alive = True
        self._thread = Thread(target=self._read, name="seekline-link", daemon=True)

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    @property
    def is_idle(self) -> bool:
        """Whether everything is answered."""
        return not self._answers and not self._infos

    def load(self, message: Load) -> None:
        """Raises `EngineDied`, as the others do."""
        self._send(message)

    def forget(self, key: str) -> None:
        self._send(Forget(key=in_unicode(key)))

    def info(self) -> Future[KnownInfo]:
        """What is loaded, once it is."""
        asked: Future[KnownInfo] = Future()
        number = next(self._numbers)
        with self._lock:
            self._check_alive()
            self._infos[number] = asked
        self._send(AskInfo(number=number))
        return asked

    def stream(self, request: CompletionRequest, cancel: Event, *, warms: bool = False) -> Generator[Piece, None, None]:
        """See `Engine.stream`; with `warms` nothing comes, and it ends once the prompt is computed."""
        number = next(self._numbers)
        answers: SimpleQueue[Answer] = SimpleQueue()
        with self._lock:
            self._check_alive()
            self._answers[number] = answers
        is_over = False
        try:
            self._ask(number, request, warms=warms)
            while True:
                answer = _next(answers, cancel)
                if isinstance(answer, Pieces):
                    yield from answer.pieces
                    continue
                is_over = True
                if isinstance(answer, Failed):
                    raise error_of(answer.failure)
                return
        finally:
            self._answers.pop(number, None)
            if not is_over:
                with suppress(EngineDied):
                    self._send(Cancel(number=number))

    def close(self, timeout_s: float) -> bool:
        """Hangs up. What is under way raises `EngineDied`. False where the thread does not end in time."""
        self._channel.hang_up()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _ask(self, number: int, request: CompletionRequest, *, warms: bool) -> None:
        key = in_unicode(request.key)
        asked = replace(request, key=key, copies=None, prefix="", suffix="", pieces=())  # it takes ids
        if request.copies is None or warms:
            self._send(Ask(number=number, request=asked, copies=None, warms=warms))
            return
        with self._lock:  # no other request may name a text before this one has brought it
            texts, copies = self._texts.name(request.copies)
            ask = Ask(number=number, request=asked, copies=copies, warms=warms)
            self._send(*((ask,) if texts is None else (texts, ask)))

    def _send(self, *messages: Message) -> None:
        try:
            self._channel.send(*messages)
        except HungUp:
            raise engine_died() from None

    def _check_alive(self) -> None:
        if not self.is_alive:
            raise engine_died()

    def _read(self) -> None:
        try:
            while True:
                self._take(decode_for_editor(self._channel.receive()))
        except HungUp:
            pass
        except msgspec.DecodeError as error:
            log.error("the engine process says what this version does not understand: %s", error)
        with self._lock:
            self.is_alive = False
        self._channel.close()
        for number in list(self._answers):
            self._put(number, Failed(number=number, failure=_DIED))
        for number in list(self._infos):
            self._settle(number, engine_died())
        self._ended(self)

    def _take(self, message: ToEditor) -> None:
        if isinstance(message, Reported):
            self._report(message)
        elif isinstance(message, Known):
            self._settle(message.number, message.info)
        elif isinstance(message, Failed) and message.number in self._infos:
            self._settle(message.number, error_of(message.failure))
        else:
            self._put(message.number, message)

    def _put(self, number: int, answer: Answer) -> None:
        answers = self._answers.get(number)
        if answers is not None:  # else nobody waits for it any more
            answers.put(answer)

    def _settle(self, number: int, outcome: KnownInfo | Exception) -> None:
        asked = self._infos.pop(number, None)
        if asked is None:
            return
        if isinstance(outcome, Exception):
            asked.set_exception(outcome)
        else:
            asked.set_result(outcome)


def _next(answers: SimpleQueue[Answer], cancel: Event) -> Answer:
    while not cancel.is_set():
        try:
            return answers.get(timeout=_LOOKS_EVERY_S)
        except Empty:
            continue
    raise Cancelled
