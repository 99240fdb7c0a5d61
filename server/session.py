"""The one mutable root of a running server: settings, open documents, and the resident model.

It speaks no protocol: what the user must be told goes through `tell`.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from .. import fim, model
from .cache import CompletionCache
from .config import Config, Layer, merge
from .documents import Change, OpenDocument
from .pipeline import Completion, Hole
from .positions import Encoding
from .resident import Report, Resident
from .settings import Settings
from .workspace import Buffers, Happened, Workspace

log = logging.getLogger(__name__)

Level = Literal["error", "warning", "info"]
Kind = Literal["ghost text", "menu"]
Key = tuple[str, Kind]
"""What requests are for: those of a document and a kind supersede each other."""


class Session:
    """One editor's session. `tell` shows the user a message, `report` a step of loading; both from any thread.

    `encoding`: what the editor's columns count, as agreed in `initialize`.
    """

    def __init__(
        self, encoding: Encoding, *, tell: Callable[[Level, str], None], report: Callable[[Report], None]
    ) -> None:
        self.encoding: Encoding = encoding
        self.cache = CompletionCache()
        self.config: Config = merge([])
        self.buffers = Buffers(watched=False)
        self.workspace = Workspace([], self.settings.exclude, self.buffers)
        self.resident = Resident(self._reported)
        self._tell = tell
        self._report = report
        self._documents: dict[str, OpenDocument] = {}
        self._turns: dict[Key, object] = {}
        self._told: set[str] = set()
        self._refused: set[str] = set()

    @property
    def settings(self) -> Settings:
        return self.config.settings

    def configure(self, layers: Iterable[Layer], folders: Sequence[Path]) -> None:
        """Takes new settings: tells what is wrong with them, forgets what they make stale, loads what they name."""
        self.config = merge(layers)
        for problem in self.config.problems:
            self.tell_once("error", str(problem))
        logging.getLogger("seekline").setLevel(self.settings.log_level.upper())
        self.workspace = self.workspace.replaced(folders, self.settings.exclude, libraries=self.settings.libraries)
        self.cache.clear()
        self.resident.retry()
        self.load()

    def load(self) -> None:
        self.resident.load(self.settings, next(iter(self.workspace.folders), Path.cwd()))

    def tell_once(self, level: Level, message: str) -> None:
        """Shows a message, but only the first time."""
        log.log(logging.getLevelName(level.upper()), "%s", message)
        if message not in self._told:
            self._told.add(message)
            self._tell(level, message)

    def _reported(self, report: Report) -> None:
        log.debug("%s", report.message)  # the editor's own log has it
        if report.error is not None:
            self.tell_once("error", f"No completions: {report.error}")
        if report.warning:
            self.tell_once("warning", report.message)
        self._report(report)

    def open(self, uri: str, text: str, language_id: str, version: int) -> None:
        self._refused.discard(uri)
        self.abandon((uri, "ghost text"))
        document = self._documents[uri] = OpenDocument(text, language_id=language_id, version=version)
        self.cache.changed(uri)
        if (path := path_of(uri)) is not None:
            self.buffers.opened(path, lambda: document.lines, language_id)

    def change(self, uri: str, version: int, changes: Iterable[Change]) -> None:
        self.abandon((uri, "ghost text"))  # a menu is filtered by what is typed meanwhile, and not asked for again
        if (document := self._documents.get(uri)) is None:
            if uri in self._refused:
                return
            log.warning("a change of %s, which is not open, was ignored", uri)
            return
        for change in changes:
            document.apply(change, self.encoding)
        document.version = version
        self.cache.changed(uri)
        if (path := path_of(uri)) is not None:
            self.buffers.edited(path)

    def close_document(self, uri: str) -> None:
        self.abandon((uri, "ghost text"))
        self.abandon((uri, "menu"))
        self._documents.pop(uri, None)
        self._refused.discard(uri)
        self.cache.changed(uri)
        if (path := path_of(uri)) is not None:
            self.buffers.closed(path)

    def refuse_document(self, uri: str) -> None:
        """A document is too large to be read: until it is opened anew, it counts as not open."""
        self.close_document(uri)
        self._refused.add(uri)
        self.tell_once("info", f"No completions in {_path(uri).name}: it is too large.")

    def files_changed(self, changes: Iterable[tuple[str, Happened]]) -> None:
        """The editor tells of files and folders on the disk, by their URIs."""
        self.cache.clear()
        for uri, what in changes:
            if (path := path_of(uri)) is not None:
                self.workspace.changed(path, what)

    def snapshot(self, uri: str, line: int, units: int) -> Hole | None:
        """The document as it is now, the client's position in it and the workspace around it, which the device's thread
        looks into. None where the document is not open or has no such line.
        """
        document = self._documents.get(uri)
        if document is None or line > len(document.lines):
            return None
        path = _path(uri)
        language = fim.language_named(document.language_id) or fim.language_of_path(path.name)
        cursor = fim.Cursor(line=line, column=document.column(line, units, self.encoding))
        relative = self.workspace.relative_path(path)
        snapshot = fim.Document(path=relative, language=language, lines=document.lines)
        return Hole(document=snapshot, cursor=cursor, project=self.workspace.project_of(path))

    def completes_in(self, uri: str, document: fim.Document) -> bool:
        """Whether the settings want completions in this document."""
        languages = self.settings.languages
        names = () if document.language is None else (document.language.name, *document.language.lsp_ids)
        named = next((languages[name] for name in names if name in languages), None)
        wanted = languages.get("*", True) if named is None else named
        return wanted and not self.workspace.excludes(_path(uri))

    def submit(self, key: Key, hole: Hole, *, explicit: bool) -> model.Job[Completion | None]:
        """Queues a completion, behind the loading of the model; it supersedes older ones of `key`."""
        self.load()
        return self.resident.complete(key, hole, self.settings, explicit=explicit)

    def submit_prompt(self, hole: Hole) -> model.Job[dict[str, Any] | None]:
        self.load()
        return self.resident.prompt(hole, self.settings)

    def take_turn(self, key: Key) -> object:
        """The turn of a new request; it ends with the next one of `key`, or when `key` is abandoned."""
        turn = self._turns[key] = object()
        return turn

    async def pause_in_typing(self, key: Key, turn: object) -> bool:
        """Waits for the debounce time; whether `turn` has lasted."""
        await asyncio.sleep(self.settings.debounce_ms / 1000)
        return self._turns.get(key) is turn

    def abandon(self, key: Key) -> None:
        """Stops all work of `key`: what it would answer is out of date."""
        self._turns.pop(key, None)
        self.resident.abandon(key)


def _path(uri: str) -> Path:
    """A path for every URI: a document that is no file still has a name."""
    try:
        return path_of(uri) or Path(urlsplit(uri).path or "untitled")
    except ValueError:
        return Path("untitled")


def path_of(uri: str) -> Path | None:
    """The path of a `file:` URI; None for other schemes, and for what is no URI or no path."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    path = unquote(parts.path)
    if parts.scheme != "file" or "\0" in path:
        return None
    if sys.platform == "win32":
        path = f"//{parts.netloc}{path}" if parts.netloc else path.lstrip("/")
    return Path(path)
