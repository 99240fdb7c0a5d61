"""Completions in the protocol: as ghost text, and as a menu's entry for editors without it."""

from __future__ import annotations

import logging
import string

from lsprotocol import types as lsp

from ..documents.documents import Surroundings
from ..documents.positions import Encoding, to_units
from .server import SeeklineServer, boundary

log = logging.getLogger(__name__)

_WORD = string.ascii_letters + string.digits + "_"


@boundary
async def inline_completion(
    server: SeeklineServer, params: lsp.InlineCompletionParams
) -> lsp.InlineCompletionList | None:
    """`textDocument/inlineCompletion` (LSP 3.18)."""
    found = server.snapshot(params.text_document.uri, params.position)
    if found is None:
        return None
    from ..completion.complete import complete

    explicit = params.context.trigger_kind == lsp.InlineCompletionTriggerKind.Invoked
    completion = await complete(server.session, params.text_document.uri, found, explicit=explicit)
    if completion is not None:
        where, from_where = f"{params.position.line}:{params.position.character}", completion.source
        reused = f"{completion.reused_tokens} of {completion.prompt_tokens} prompt tokens reused"
        log.debug("completion at %s: %s; %s", where, from_where, reused)
    if completion is None or completion.text is None:
        return lsp.InlineCompletionList(items=[])
    # Without a range, some editors replace the rest of the line.
    place = _range(params.position, found.around, completion.replaced, server.session.encoding)
    return lsp.InlineCompletionList(items=[lsp.InlineCompletionItem(insert_text=completion.text, range=place)])


@boundary
async def menu_completion(server: SeeklineServer, params: lsp.CompletionParams) -> lsp.CompletionList | None:
    """`textDocument/completion`."""
    found = server.snapshot(params.text_document.uri, params.position)
    if found is None:
        return None
    from ..completion.complete import complete

    uri = params.text_document.uri
    completion = await complete(server.session, uri, found, explicit=False, kind="menu")
    if completion is None or completion.text is None:
        return lsp.CompletionList(is_incomplete=True, items=[])
    text = completion.text
    # These editors filter by what stands between the word's start and the cursor, and by what is typed on from there.
    before = found.around.before
    word = before[len(before.rstrip(_WORD)) :]
    _, behind = completion.replaced
    place = _range(params.position, found.around, (len(word), behind), server.session.encoding)
    edit = lsp.TextEdit(range=place, new_text=word + text)
    first_line = (word + text).strip().splitlines()[0]
    item = lsp.CompletionItem(
        label=first_line,
        kind=lsp.CompletionItemKind.Text,
        detail="Seekline",
        documentation=text,
        filter_text=first_line,
        text_edit=edit,
    )
    return lsp.CompletionList(is_incomplete=True, items=[item])


def _range(position: lsp.Position, around: Surroundings, replaced: tuple[int, int], encoding: Encoding) -> lsp.Range:
    """So many characters before the cursor, at `position`, and behind it."""
    line, cursor = around.before + around.after, len(around.before)
    start, end = (to_units(line, column, encoding) for column in (cursor - replaced[0], cursor + replaced[1]))
    return lsp.Range(lsp.Position(position.line, start), lsp.Position(position.line, end))
