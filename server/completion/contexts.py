"""What other files said in the last prompt of each document: the next prompt starts from it, and mostly keeps it."""

from __future__ import annotations

from collections import OrderedDict

from ... import fim

_DOCUMENTS = 32


class Contexts:
    """The latest contexts, by document. Used by the device's thread alone."""

    def __init__(self) -> None:
        self._latest: OrderedDict[tuple[int, str], tuple[object, fim.Context]] = OrderedDict()

    def forget(self, path: str) -> None:
        """Forgets a document that was closed, in whichever root."""
        for key in [key for key in self._latest if key[1] == path]:
            del self._latest[key]

    def gather(
        self,
        document: fim.Document,
        cursor: fim.Cursor,
        project: fim.Project,
        limit_tokens: int,
        count: fim.Count,
        stop: fim.Stop = lambda: None,
    ) -> fim.Context:
        """The context for a cursor; see `fim.gather`. Where `stop` raises, the latest one stays."""
        root = project.memo  # the same for every view of a root; held, so that its id stays its own
        key = (id(root), document.path)
        # The memo forgets when a file comes or goes: what an import finds may be another file then, or one at last.
        still_there = ("the latest context", document.path)
        _, previous = self._latest.get(key, (root, fim.NOTHING))
        if still_there not in root:
            previous = fim.NOTHING
        context = fim.gather(document, cursor, project, limit_tokens, count, previous, stop)
        root[still_there] = ()
        self._latest[key] = root, context
        self._latest.move_to_end(key)
        while len(self._latest) > _DOCUMENTS:
            self._latest.popitem(last=False)
        return context
