"""A Hugging Face hub on loopback that serves folders: the parts of its HTTP interface that a download uses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """Serves each repository (owner/name) from a folder. `break_after` cuts every file short after so many bytes."""

    def __init__(self, repositories: Mapping[str, Path]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories = repositories
        self.break_after: int | None = None
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serve(repositories: Mapping[str, Path]) -> Iterator[Hub]:
    hub = Hub(repositories)
    thread = Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()


def use(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    """Has this process ask `hub`, where the hub library may be imported already."""
    template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
    for name, value in {"ENDPOINT": hub.url, "HF_HUB_OFFLINE": False, "HUGGINGFACE_CO_URL_TEMPLATE": template}.items():
        patch.setattr(f"huggingface_hub.constants.{name}", value)
    patch.setattr("huggingface_hub.hf_api.api.endpoint", hub.url)


class _Handler(BaseHTTPRequestHandler):
    server: Hub  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        self.server.asked.append(format % args)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0]).strip("/").split("/")
        if path[:2] == ["api", "models"]:
            self._api("/".join(path[2:4]), path[4:])
        elif len(path) > 4 and path[2] == "resolve":
            self._file("/".join(path[:2]), "/".join(path[4:]))
        else:
            self._answer(404, {"error": "no such place"})

    def _api(self, repository: str, rest: list[str]) -> None:
        folder = self.server.repositories.get(repository)
        if folder is None:
            self._answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        elif rest[:1] == ["tree"]:
            self._answer(200, [_tree_entry(path) for path in sorted(folder.iterdir())])
        else:
            siblings = [{"rfilename": path.name} for path in sorted(folder.iterdir())]
            self._answer(200, {"id": repository, "modelId": repository, "sha": COMMIT, "siblings": siblings})

    def _file(self, repository: str, name: str) -> None:
        path = self.server.repositories.get(repository, Path("/nowhere")) / name
        if not path.is_file():
            self._answer(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
            return
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{_etag(path)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content[: self.server.break_after])
            self.close_connection = self.server.break_after is not None

    def _answer(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


def _etag(path: Path) -> str:
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()


def _tree_entry(path: Path) -> dict[str, object]:
    return {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": _etag(path)}
