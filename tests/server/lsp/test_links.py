"""Links, excluded files and malformed URIs over the protocol."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from editor import INVOKED, Editor, Spot, as_dict, editor
from lsprotocol import types as lsp
from project_files import write
from pygls.exceptions import JsonRpcException

SHAPES = "class Circle:\n    def surface(self) -> float:\n        return 3.0\n"
MAIN = "from shapes import Circle\n\n\ndef area(circle: Circle) -> float:\n    return circle.\n"
PLACE = {"line": 4, "character": 18}
FILES = {
    "main.py": MAIN,
    "shapes.py": SHAPES,
    "private/main.py": MAIN,
    ".env": "TOKEN=hunter2\n",
    "id_rsa": "hunter2\n",
    "seekline.toml": 'exclude = ["private/"]\n',
}


def open_uri(made: Editor, uri: str, text: str = MAIN, language: str = "python") -> str:
    document = lsp.TextDocumentItem(uri, language, 1, text)
    made.client.text_document_did_open(lsp.DidOpenTextDocumentParams(document))
    return uri


async def prompt(made: Editor, uri: str) -> dict[str, Any]:
    return as_dict(await made.command("seekline.prompt", {"textDocument": {"uri": uri}, "position": PLACE}))


async def completes(made: Editor, uri: str) -> bool:
    """Whether there is ghost text behind the first word of the document."""
    return bool(await made.ghost_text(Spot(uri=uri, position=lsp.Position(4, 18)), INVOKED))


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
@pytest.mark.parametrize("named", ["root", "file"])
async def test_a_root_and_files_by_links(tmp_path: Path, named: str) -> None:
    real = write(tmp_path / "real", FILES)
    link = tmp_path / "link"
    link.symlink_to(real, target_is_directory=True)
    root, base = (link, real) if named == "root" else (real, link)
    async with editor("--model", "embedded", workspace=root) as made:
        await made.until("ready")
        shown = await prompt(made, open_uri(made, (base / "main.py").as_uri()))
        assert [part["path"] for part in shown["parts"]] == ["shapes.py"]
        assert await completes(made, (base / "main.py").as_uri())
        assert not await completes(made, open_uri(made, (base / "private/main.py").as_uri()))


async def test_excluded_files_have_no_completions_and_no_prompt(tmp_path: Path) -> None:
    root = write(tmp_path, FILES)
    async with editor("--model", "embedded", workspace=root) as made:
        await made.until("ready")
        for name, rule in ((".env", "secrets"), ("id_rsa", "secrets"), ("private/main.py", "'private/'")):
            uri = open_uri(made, (root / name).as_uri())
            assert not await completes(made, uri)
            with pytest.raises(JsonRpcException, match=rule):
                await prompt(made, uri)
        shown = await prompt(made, open_uri(made, (root / "main.py").as_uri()))
        assert "hunter2" not in shown["prompt"]
        assert not made.shown


MALFORMED = [
    "file://[", "file:///%00", "file:///%ZZ", "file:///a\0b", "http://[", "file:", "", "file:///" + "a/" * 500_000,
    "file://host/a.py", "untitled:Untitled-1", "git:/a.py?x",
]  # fmt: skip


async def test_no_uri_breaks_a_handler(tmp_path: Path) -> None:
    root = write(tmp_path, {"main.py": MAIN, "shapes.py": SHAPES})
    async with editor("--model", "embedded", workspace=root) as made:
        await made.until("ready")
        for uri in MALFORMED:
            open_uri(made, uri)
            made.change(uri, "#", lsp.Position(0, 0), lsp.Position(0, 0))
            assert (await prompt(made, uri))["parts"] == []
            assert await completes(made, uri), uri
            events = [lsp.FileEvent(uri, lsp.FileChangeType(kind)) for kind in (1, 2, 3)]
            made.client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams(events))
            made.client.text_document_did_save(lsp.DidSaveTextDocumentParams(lsp.TextDocumentIdentifier(uri)))
            made.client.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(uri)))
        folders = [lsp.WorkspaceFolder(uri, "odd") for uri in MALFORMED]
        event = lsp.WorkspaceFoldersChangeEvent(added=folders, removed=[])
        made.client.workspace_did_change_workspace_folders(lsp.DidChangeWorkspaceFoldersParams(event))
        shown = await prompt(made, open_uri(made, (root / "main.py").as_uri()))
        assert [part["path"] for part in shown["parts"]] == ["shapes.py"]
        assert not made.shown
