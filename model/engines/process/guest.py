"""One editor, as the engine process serves it: what it asks goes to its model, what comes of that goes back.

Nothing is sent from the thread of a device: an editor that does not read holds up nobody but itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import replace
from queue import SimpleQueue
from threading import Event, Thread
from time import monotonic, time

import msgspec

from ...errors import Cancelled, ModelError, PathNotAgreed
from ..engine import CompletionRequest, EngineInfo, InfoChanged
from ..wanted import Report
from .channel import Channel, HungUp
from .client_name import ClientName
from .messages import (
    Ask,
    AskInfo,
    Cancel,
    ClientStatus,
    Done,
    Failed,
    Forget,
    Known,
    Load,
    Message,
    Pieces,
    Texts,
    ToEngine,
    decode_for_engine,
    failure,
    known_info,
    reported,
)
from .pool import ModelPool, PooledModel
from .texts import KeptTexts

log = logging.getLogger(__name__)

_MAX_REQUESTS = 64
"""At a time: an editor has a few documents in which something is under way."""
_MAX_ANSWERS = 2000
"""With those that are cancelled, of which each ends when the device looks next: that may be after a model is loaded."""


class _Misbehaves(Exception):
    """An editor says what it should not."""


class Guest:
    """One connected editor. `serve` belongs to a thread of its own."""

    def __init__(self, channel: Channel, client: ClientName, number: int, pool: ModelPool) -> None:
        self._channel = channel
        self._client = client
        self._number = number
        self._pool = pool
        self._since = time()
        self._model: PooledModel | None = None
        self._refused: ModelError | None = None
        self._cancels: dict[int, Event] = {}  # of what is asked, and neither answered nor cancelled
        self._answers: set[int] = set()  # which have a thread
        self._keys: set[str] = set()
        self._texts = KeptTexts()
        self._letters: SimpleQueue[Message | None] = SimpleQueue()  # what other threads have to say

    def serve(self) -> None:
        """Returns when the editor has gone. Everything of it is given back then."""
        postman = Thread(target=self._post, name="seekline-postman", daemon=True)
        postman.start()
        try:
            while True:
                self._do(decode_for_engine(self._channel.receive()))
        except HungUp:
            pass
        except (msgspec.DecodeError, _Misbehaves, ValueError, TypeError) as error:
            log.warning("%s, process %d, is hung up on: %s", self._client.name, self._client.pid, error)
        finally:
            self._channel.hang_up()
            self._leave()
            self._letters.put(None)
            postman.join()
            self._channel.close()

    def hang_up(self) -> None:
        """Ends `serve` soon. From any thread."""
        self._channel.hang_up()

    def status(self) -> ClientStatus:
        model = self._model
        return ClientStatus(
            name=self._client.name,
            pid=self._client.pid,
            since=self._since,
            model=None if model is None else model.wanted.request.model,
            requests=len(self._cancels),
        )

    def _do(self, message: ToEngine) -> None:
        if isinstance(message, Ask):
            self._ask(message)
        elif isinstance(message, Cancel):
            cancel = self._cancels.pop(message.number, None)
            if cancel is not None:
                cancel.set()
        elif isinstance(message, Texts):
            self._texts.take(message)
        elif isinstance(message, AskInfo):
            self._tell_info(message.number)
        elif isinstance(message, Forget):
            self._forget(message.key)
        else:
            self._load(message)

    def _load(self, message: Load) -> None:
        def tell(report: Report) -> None:
            self._letters.put(reported(report))

        self._refused = None
        try:
            self._model = self._pool.want(self, message.wanted, message.agreed, again=message.again, tell=tell)
        except PathNotAgreed as error:
            self._pool.leave(self)
            self._model, self._refused = None, error
            tell(Report(message="no model", done=True, refused=error))

    def _tell_info(self, number: int) -> None:
        if self._refused is not None:
            self._letters.put(Failed(number=number, failure=failure(self._refused)))
            return

        def settled(asked: Future[EngineInfo]) -> None:
            error = asked.exception()
            if error is None:
                self._letters.put(Known(number=number, info=known_info(asked.result())))
            else:
                self._letters.put(Failed(number=number, failure=failure(error)))

        self._loaded().engine.info().add_done_callback(settled)

    def _loaded(self) -> PooledModel:
        if self._model is None:
            raise _Misbehaves("it asks before it says what it wants")
        return self._model

    def _forget(self, key: str) -> None:
        self._keys.discard(key)
        if self._model is not None:
            self._model.engine.forget(self._own(key))

    def _own(self, key: str) -> str:
        """A document's KV cache is one editor's: two may have the same file open, each with a text of its own."""
        return f"{self._number}:{key}"

    def _ask(self, message: Ask) -> None:
        is_too_much = len(self._cancels) >= _MAX_REQUESTS or len(self._answers) >= _MAX_ANSWERS
        if is_too_much or message.number in self._answers:
            raise _Misbehaves("it asks for too much at a time")
        model = self._loaded()
        copies = None if message.copies is None else self._texts.resolve(message.copies)
        self._keys.add(message.request.key)
        request = replace(message.request, copies=copies, key=self._own(message.request.key))
        cancel = self._cancels[message.number] = Event()
        answer = self._warm if message.warms else self._stream
        self._answers.add(message.number)
        model.used_s = monotonic()
        arguments = (message.number, answer(message.number, model, request, cancel))
        Thread(target=self._answer, args=arguments, name="seekline-answer", daemon=True).start()

    def _answer(self, number: int, messages: Iterator[Message]) -> None:
        """Sends `messages`, and how they ended."""
        last: Message = Done(number=number)
        try:
            for message in messages:
                self._channel.send(message)
        except HungUp:
            return
        except Exception as error:
            if not isinstance(error, (ModelError, Cancelled, InfoChanged, ValueError)):
                log.exception("a completion failed")
            last = Failed(number=number, failure=failure(error))
        finally:
            self._cancels.pop(number, None)
            self._answers.discard(number)
        with suppress(HungUp):
            self._channel.send(last)

    def _stream(self, number: int, model: PooledModel, request: CompletionRequest, cancel: Event) -> Iterator[Message]:
        with closing(model.engine.stream(request, cancel)) as pieces:
            for piece in pieces:
                yield Pieces(number=number, pieces=(piece,))

    def _warm(self, number: int, model: PooledModel, request: CompletionRequest, cancel: Event) -> Iterator[Message]:
        model.engine.prefill(request, cancel).result()
        yield from ()

    def _post(self) -> None:
        """Sends what other threads have to say, in its order. Where something cannot be sent, the editor is hung up on:
        it would wait for it."""
        while (letter := self._letters.get()) is not None:
            try:
                self._channel.send(letter)
            except HungUp:
                return
            except Exception:
                log.exception("%s is not answered", self._client.name)
                self._channel.hang_up()
                return

    def _leave(self) -> None:
        for cancel in list(self._cancels.values()):
            cancel.set()
        if self._model is not None:
            for key in self._keys:
                self._model.engine.forget(self._own(key))
        self._pool.leave(self)
