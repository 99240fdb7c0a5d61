"""Completions in the protocol: as ghost text, and as a menu's entry for editors without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from ... import fim
from .acceptance import accepted_command
from .edits import LineEdit, edit, edit_behind, from_column, selected
from .server import SeeklineServer, boundary

if TYPE_CHECKING:
    from ..statistics.observed import Observed

MENU = lsp.CompletionOptions(trigger_characters=[".", ":", ">", "$", "@"])
"""Editors ask for words by themselves. These are the characters that a name follows; a menu that opened at a space, a
bracket or a new line would take Enter and Tab from the user."""
_BEFORE_A_NAME = (".", "::", "->", "$", "@")
_LAST = "~"
"""Sorts behind the names that other servers are sure of: an editor's first entry is accepted without a look at it."""


@boundary
async def inline_completion(
    server: SeeklineServer, params: lsp.InlineCompletionParams
) -> lsp.InlineCompletionList | None:
    """`textDocument/inlineCompletion` (LSP 3.18)."""
    uri, encoding = params.text_document.uri, server.session.encoding
    found = server.snapshot(uri, params.position)
    if found is None:
        return None
    around = found.around
    menu = selected(params, around, encoding)
    if menu is not None:
        found = menu.accepted_in(found)
    if found is None:
        return lsp.InlineCompletionList(items=[])
    from ..completion.candidates import others
    from ..statistics.observed import complete_observed

    explicit = params.context.trigger_kind == lsp.InlineCompletionTriggerKind.Invoked
    with server.status.generating():
        shown = await complete_observed(server.session, uri, found, explicit=explicit)
        if shown is None:
            return lsp.InlineCompletionList(items=[])
        further = await others(server.session, uri, found, shown.completion) if explicit else []
    items: list[lsp.InlineCompletionItem] = []
    for completion in (shown.completion, *further):
        change = edit(completion, around) if menu is None else edit_behind(menu, completion, around)
        if change is not None:
            # Without a range, some editors replace the rest of the line.
            where = change.range(around, params.position.line, encoding)
            command = accepted_command(shown.id) if completion is shown.completion else None  # the one that is followed
            items.append(
                lsp.InlineCompletionItem(
                    insert_text=change.text, range=where, filter_text=_inline_filter(change), command=command
                )
            )
    return lsp.InlineCompletionList(items=items)


def _inline_filter(change: LineEdit) -> str | None:
    """What has to begin with the text that is replaced, or VS Code shows nothing; None where the new text does."""
    return None if change.text.startswith(change.typed) else change.typed + change.text


@boundary
async def menu_completion(server: SeeklineServer, params: lsp.CompletionParams) -> lsp.CompletionList | None:
    """`textDocument/completion`.

    Never explicit, whatever the trigger kind: `Invoked` is also what an editor says that asks with every key.
    """
    found = server.snapshot(params.text_document.uri, params.position)
    if found is None:
        return None
    around, context = found.around, params.context
    by_character = context is not None and context.trigger_kind == lsp.CompletionTriggerKind.TriggerCharacter
    if by_character and not around.before.endswith(_BEFORE_A_NAME):
        return lsp.CompletionList(is_incomplete=True, items=[])
    from ..statistics.observed import complete_observed

    with server.status.generating():
        shown = await complete_observed(server.session, params.text_document.uri, found, explicit=False, kind="menu")
    if shown is None:
        return lsp.CompletionList(is_incomplete=True, items=[])
    word = fim.names_of(found.language).before(around.before)
    change = from_column(edit(shown.completion, around), len(around.before) - len(word), around)
    where = change.range(around, params.position.line, server.session.encoding)
    return lsp.CompletionList(is_incomplete=True, items=[_menu_item(change, where, shown)])


def _menu_item(change: LineEdit, where: lsp.Range, shown: Observed) -> lsp.CompletionItem:
    """One edit, and not one to insert and one to replace: the text fits what stands behind it either way."""
    first_line = change.text.strip().splitlines()[0]
    # Editors filter by what stands between the range's start and the cursor, and by what is typed on from there.
    is_typed_along = first_line.startswith(change.typed.strip())
    return lsp.CompletionItem(
        label=first_line,
        kind=lsp.CompletionItemKind.Text,
        detail="Seekline",
        documentation=shown.text,
        sort_text=_LAST,
        filter_text=first_line if is_typed_along else change.typed + first_line,
        insert_text_format=lsp.InsertTextFormat.PlainText,
        insert_text_mode=lsp.InsertTextMode.AsIs,
        text_edit=lsp.TextEdit(range=where, new_text=change.text),
        command=accepted_command(shown.id),
    )
