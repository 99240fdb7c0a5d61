"""What an editor tells of files on the disk, taken into a workspace."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from .lsp.uris import path_of
from .workspace import MAX_EVENTS, Happened, Workspace

log = logging.getLogger(__name__)


def take_note(told: Sequence[tuple[str, Happened]], workspace: Workspace) -> bool:
    """Whether prompts may be other ones now. Reads the disk; `told` are URIs."""
    try:
        if len(told) > MAX_EVENTS:
            workspace.list_again()
            return True
        matter = False
        for uri, what in told:
            path = path_of(uri)
            if path is not None and workspace.changed(path, what):
                matter = True
        return matter
    except Exception:
        log.exception("changes on the disk could not be looked at")
        return True
