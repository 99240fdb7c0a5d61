"""What other files said in the last prompt of each document: the next prompt starts from it, and mostly keeps it."""

from __future__ import annotations

from collections import OrderedDict

from ... import fim

_DOCUMENTS = 32
_LISTING = "the listing that contexts were chosen from"


class Contexts:
    """The latest contexts, by document. Used by one thread at a time."""

    def __init__(self) -> None:
        self._latest: OrderedDict[str, tuple[object, fim.Context]] = OrderedDict()

    def forget(self, path: str) -> None:
        """Forgets a document that was closed."""
        self._latest.pop(path, None)

    def aside(self) -> Contexts:
        """These contexts for who looks ahead: what is gathered there is not kept."""
        other = Contexts()
        other._latest.update(self._latest)
        return other

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
        # Every root has a memo of its own, which is emptied when a file comes or goes: what an import finds may be
        # another file then, or one at last.
        listing = project.memo.setdefault(_LISTING, object())
        chosen_from, previous = self._latest.get(document.path, (listing, fim.NOTHING))
        if chosen_from is not listing:
            previous = fim.NOTHING
        context = fim.gather(document, cursor, project, limit_tokens, count, previous, stop)
        self._latest[document.path] = listing, context
        self._latest.move_to_end(document.path)
        while len(self._latest) > _DOCUMENTS:
            self._latest.popitem(last=False)
        return context
