"""Texts that no one wrote by hand, and many that someone did: neither holds the server up nor fills its memory."""

from __future__ import annotations

import asyncio

import psutil
from editor import AUTOMATIC, INVOKED, Spot, editor
from lsprotocol import types as lsp

LONG_LINE = "x" * 2_000_000
MANY_LINES = "a\n" * 1_000_000
DOCUMENTS = 30
KEPT_BYTES = 60_000_000


async def test_status_is_answered_while_huge_documents_are_edited() -> None:
    """The least that the server computed of ten, since the machine may be busy: where a key or a request looked at the
    whole line or file, it would never be that little."""
    async with editor("--model", "embedded", settings={"debounceMs": 0}) as made:
        await made.until("ready")
        spots = [made.open(LONG_LINE + "▮\n", "line.py"), made.open(MANY_LINES + "▮\n", "lines.py")]
        process, computed_s = psutil.Process(made.process.pid), []
        for number in range(10):
            middle = lsp.Position(spots[0].position.line, 300_000)
            spots = [made.type(spot, "y") for spot in spots]
            asked = [made.ask(spot, kind) for spot in spots for kind in (AUTOMATIC, INVOKED)]
            asked.append(made.ask(Spot(uri=spots[0].uri, position=middle), INVOKED))
            made.change(spots[1].uri, f"b{number}\n", lsp.Position(500_000, 0), lsp.Position(500_000, 1))
            before = process.cpu_times()
            await made.status()
            after = process.cpu_times()
            computed_s.append(after.user + after.system - before.user - before.system)
            assert await asyncio.gather(*asked) == [None] * 5
        assert min(computed_s) <= 0.1, computed_s
        assert sorted(made.shown) == [
            "Seekline: There are no completions in documents of more than 2,000,000 characters or 100,000 lines.",
        ]
        small = made.open("def add(first, second):\n    return fir▮\n", "small.py")
        assert await made.ghost_text(small)


async def test_documents_that_were_closed_give_their_memory_back() -> None:
    async with editor("--model", "embedded", settings={"debounceMs": 0, "maxNewTokens": 4}) as made:
        await made.until("ready")
        process = psutil.Process(made.process.pid)
        before = process.memory_info().rss
        spots = []
        for number in range(DOCUMENTS):
            code = "".join(f"def area_{number}_{row}(width):\n    return width * {row}\n\n" for row in range(120))
            spots.append(made.open(f"{code}area_{number}_1(▮\n", f"area{number}.py"))
            await made.ghost_text(spots[-1])
        for spot in spots:
            closed = lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(spot.uri))
            made.client.text_document_did_close(closed)
        while not (await made.status())["idle"]:
            await asyncio.sleep(0.05)
        assert process.memory_info().rss - before < KEPT_BYTES
