"""What other files said in the last prompt of each document: the next prompt starts from it, and mostly keeps it."""

from __future__ import annotations

from collections import OrderedDict

from .. import fim

_DOCUMENTS = 32


class Contexts:
    """The latest contexts, by document. Used by the device's thread alone."""

    def __init__(self) -> None:
        self._latest: OrderedDict[tuple[int, str], tuple[object, fim.Context]] = OrderedDict()

    def gather(
        self, document: fim.Document, cursor: fim.Cursor, project: fim.Project, limit_tokens: int, count: fim.Count
    ) -> fim.Context:
        """The context for a cursor; see `fim.gather`."""
        root = project.memo  # the same for every view of a root; held, so that its id stays its own
        key = (id(root), document.path)
        # The memo forgets when a file comes or goes: what an import finds may be another file then, or one at last.
        still_there = ("the latest context", document.path)
        _, previous = self._latest.pop(key, (root, fim.NOTHING))
        context = fim.gather(
            document, cursor, project, limit_tokens, count, previous if still_there in root else fim.NOTHING
        )
        root[still_there] = ()
        self._latest[key] = root, context
        while len(self._latest) > _DOCUMENTS:
            self._latest.popitem(last=False)
        return context
