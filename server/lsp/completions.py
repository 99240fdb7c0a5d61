"""Completions in the protocol: as ghost text, and as a menu's entry for editors without it."""

from __future__ import annotations

import string

from lsprotocol import types as lsp

from ..documents.positions import to_units
from .acceptance import accepted_command
from .server import SeeklineServer, boundary

_WORD = string.ascii_letters + string.digits + "_"


@boundary
async def inline_completion(
    server: SeeklineServer, params: lsp.InlineCompletionParams
) -> lsp.InlineCompletionList | None:
    """`textDocument/inlineCompletion` (LSP 3.18)."""
    found = server.snapshot(params.text_document.uri, params.position)
    if found is None:
        return None
    from ..statistics.observed import complete_observed

    explicit = params.context.trigger_kind == lsp.InlineCompletionTriggerKind.Invoked
    shown = await complete_observed(server.session, params.text_document.uri, found, explicit=explicit)
    if shown is None:
        return lsp.InlineCompletionList(items=[])
    # Without a range, some editors replace the rest of the line.
    here = lsp.Range(params.position, params.position)
    item = lsp.InlineCompletionItem(insert_text=shown.text, range=here, command=accepted_command(shown.id))
    return lsp.InlineCompletionList(items=[item])


@boundary
async def menu_completion(server: SeeklineServer, params: lsp.CompletionParams) -> lsp.CompletionList | None:
    """`textDocument/completion`."""
    found = server.snapshot(params.text_document.uri, params.position)
    if found is None:
        return None
    from ..statistics.observed import complete_observed

    shown = await complete_observed(server.session, params.text_document.uri, found, explicit=False, kind="menu")
    if shown is None:
        return lsp.CompletionList(is_incomplete=True, items=[])
    text = shown.text
    # These editors filter by what stands between the word's start and the cursor, and by what is typed on from there.
    before = found.around.before
    word = before[len(before.rstrip(_WORD)) :]
    start = to_units(before, len(before) - len(word), server.session.encoding)
    edit = lsp.TextEdit(
        range=lsp.Range(lsp.Position(params.position.line, start), params.position), new_text=word + text
    )
    first_line = (word + text).strip().splitlines()[0]
    item = lsp.CompletionItem(
        label=first_line,
        kind=lsp.CompletionItemKind.Text,
        detail="Seekline",
        documentation=text,
        filter_text=first_line,
        text_edit=edit,
        command=accepted_command(shown.id),
    )
    return lsp.CompletionList(is_incomplete=True, items=[item])
