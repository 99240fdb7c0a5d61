"""Who is asked for completions while a span is typed; here the server, as an editor asks it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from time import perf_counter
from typing import Any, Protocol

import editor_client
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient
from screen import Edit, Ghost, Screen
from seekline import fim
from spans import Span
from typist_counts import Source

_PATIENCE_S = 60
_LATEST_CANCEL_S = 0.06
_COMPLETION = re.compile(r"completion at (\d+):(\d+): ([\w ]+); (\d+) of (\d+) prompt tokens reused")
_MOSTLY = 0.5
"""Of a prompt's tokens: a prefix hit has at least so many of them computed already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`ghost`: None where nothing is to be shown. `keeps`: what is on the screen by now stays. `took_s`: from the
    request to the answer."""

    ghost: Ghost | None
    took_s: float
    keeps: bool = False


class Client(Protocol):
    """One at a time is asked, about one span after the other."""

    async def open(self, span: Span, screen: Screen) -> None: ...

    def change(self, edit: Edit, screen: Screen) -> None:
        """Told before the edit is applied."""
        ...

    async def answer(self, screen: Screen, within_s: float | None) -> Answer | None:
        """The answer for the cursor, if it comes before the next key; this returns once that is pressed. Where
        `within_s` is None, the next key waits for the answer."""
        ...

    async def close(self) -> list[Source | None]:
        """Ends the span: where each of its answers came from, where that is known."""
        ...


class ServerClient:
    """The running server, over its pipes. It logs where each completion came from."""

    def __init__(self, client: LanguageClient) -> None:
        self._client = client
        self._uri = ""
        self._version = 0
        self._ids = count()
        self._waiting: tuple[str, asyncio.Future[Any]] | None = None
        self._asked: list[tuple[int, int] | None] = []
        self._log: list[str] = []
        assert client._server is not None
        assert client._server.stderr is not None
        self._reading = asyncio.create_task(self._read(client._server.stderr))

    async def _read(self, stderr: asyncio.StreamReader) -> None:
        while line := await stderr.readline():
            self._log.append(line.decode("utf-8", "replace"))

    async def open(self, span: Span, screen: Screen) -> None:
        path = span.root / span.path
        self._uri = path.as_uri()
        self._log.clear()
        language = fim.language_of_path(span.path)
        name = language.lsp_ids[0] if language and language.lsp_ids else "plaintext"
        item = lsp.TextDocumentItem(self._uri, name, 0, screen.text)
        self._client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))

    def change(self, edit: Edit, screen: Screen) -> None:
        start, end = screen.range_of(edit)
        after = edit.text + edit.closing
        self._version += 1
        document = lsp.VersionedTextDocumentIdentifier(version=self._version, uri=self._uri)
        where = lsp.Range(lsp.Position(*start), lsp.Position(*end))
        event = lsp.TextDocumentContentChangePartial(text=after, range=where)
        self._client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [event]))

    async def answer(self, screen: Screen, within_s: float | None) -> Answer | None:
        if self._waiting is not None and not self._waiting[1].done():
            self._client.cancel_request(lsp.CancelParams(self._waiting[0]))
        position = screen.position
        id = f"key-{next(self._ids)}"
        params = lsp.InlineCompletionParams(
            context=lsp.InlineCompletionContext(lsp.InlineCompletionTriggerKind.Automatic),
            text_document=lsp.TextDocumentIdentifier(self._uri),
            position=lsp.Position(*position),
        )
        asked = perf_counter()
        sent = self._client.protocol.send_request(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, params, msg_id=id)
        future = asyncio.wrap_future(sent)
        self._waiting = id, future
        await asyncio.wait([future], timeout=_PATIENCE_S if within_s is None else within_s)
        took_s = perf_counter() - asked
        self._asked.append(position if future.done() else None)
        if not future.done():
            future.add_done_callback(_ignored)
            return None
        if within_s is not None:
            await asyncio.sleep(max(0.0, within_s - took_s))
        return _answer_of(future, screen, took_s)

    async def cancel_to_idle_ms(self, screen: Screen, after_s: float) -> float | None:
        """From the cancel of an explicit request to the idle device; None where it was answered before."""
        line, character = screen.position
        id = f"key-{next(self._ids)}"
        future = editor_client.request(self._client, line, id, self._uri, character)
        await asyncio.sleep(after_s)
        if future.done():
            _ignored(future)
            return None
        return (await editor_client.cancelled(self._client, id, future))[1]

    async def close(self) -> list[Source | None]:
        await editor_client.status(self._client)  # whatever was logged before is here
        await asyncio.sleep(0.05)
        self._client.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(self._uri)))
        asked, self._asked = self._asked, []
        return sources_of(asked, self._log)


def _ignored(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()


def _answer_of(future: asyncio.Future[Any], screen: Screen, took_s: float) -> Answer:
    try:
        result = future.result()
    except JsonRpcException:
        return Answer(ghost=None, took_s=took_s, keeps=True)
    if result is None:
        return Answer(ghost=None, took_s=took_s, keeps=True)
    if not result.items:
        return Answer(ghost=None, took_s=took_s)
    return Answer(ghost=ghost_of(result.items[0], screen), took_s=took_s)


def ghost_of(item: lsp.InlineCompletionItem, screen: Screen) -> Ghost | None:
    """What an editor shows of an item: only such as goes on with what it replaces before the cursor."""
    text = item.insert_text if isinstance(item.insert_text, str) else item.insert_text.value
    line, column = screen.position
    if item.range is None:
        return Ghost(text=text) if text else None
    if item.range.start.line != line or item.range.end.line != line or item.range.end.character < column:
        return None
    replaced = screen.before[len(screen.before) - (column - item.range.start.character) :]
    if not text.startswith(replaced) or text == replaced:
        return None
    return Ghost(text=text[len(replaced) :], behind=item.range.end.character - column)


def sources_of(asked: Sequence[tuple[int, int] | None], log: Sequence[str]) -> list[Source | None]:
    """For each request that was answered, by its position, what the server logged about its completion. Both are in the
    order in which they happened, but others may be logged between."""
    found: list[Source | None] = []
    logged = [match for line in log if (match := _COMPLETION.search(line))]
    first = 0
    for position in asked:
        places = [(int(match[1]), int(match[2])) for match in logged[first:]]
        if position is None or position not in places:
            found.append(None)
            continue
        first += places.index(position) + 1
        found.append(_source(*logged[first - 1].group(3, 4, 5)))
    return found


def _source(source: str, reused: str, prompt: str) -> Source:
    if source != "engine":
        return Source(path="taken over" if source == "taken over" else "instant")
    is_hit = int(reused) >= _MOSTLY * int(prompt)
    return Source(path="prefix hit" if is_hit else "cold", prompt_tokens=int(prompt), reused_tokens=int(reused))


async def cancels(asked: ServerClient, span: Span, every: int, seed: int) -> list[float]:
    """Milliseconds from a cancel until nothing runs any more, at every so many keys of a span and at another moment of
    the work each time."""
    random, screen, times = Random(seed), Screen(span), list[float]()
    await asked.open(span, screen)
    while not screen.is_done:
        edit = screen.next_edit()
        asked.change(edit, screen)
        screen.apply(edit)
        if screen.offset % every == 0:
            took = await asked.cancel_to_idle_ms(screen, random.uniform(0, _LATEST_CANCEL_S))
            times += [] if took is None else [took]
    await asked.close()
    return times
