"""Files of the workspace, as an editor tells of them, in the prompts that the server makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from editor import Editor, as_dict, editor
from lsprotocol import types as lsp
from project_files import write

MAIN = "from shapes import Circle\n\n\ndef area(circle: Circle) -> float:\n    return circle.\n"
SHAPES = "class Circle:\n    def {name}(self) -> float:\n        return 3.0\n"
CURSOR = {"line": 4, "character": 18}


def open_file(made: Editor, path: Path, text: str) -> str:
    document = lsp.TextDocumentItem(path.as_uri(), "python", 1, text)
    made.client.text_document_did_open(lsp.DidOpenTextDocumentParams(document))
    return document.uri


def tell(made: Editor, *changes: tuple[Path, lsp.FileChangeType]) -> None:
    events = [lsp.FileEvent(uri=path.as_uri(), type=type) for path, type in changes]
    made.client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams(events))


async def prompt(made: Editor, uri: str) -> dict[str, Any]:
    return as_dict(await made.command("seekline.prompt", {"textDocument": {"uri": uri}, "position": CURSOR}))


async def from_other_files(made: Editor, uri: str) -> set[str]:
    """The parts of a prompt that are not of the document itself: their paths."""
    found = await prompt(made, uri)
    return {part["path"] for part in found["parts"] if part["path"] != Path(uri).name}


async def test_the_editor_is_asked_to_tell_of_all_files(tmp_path: Path) -> None:
    async with editor("--model", "embedded", workspace=tmp_path, watches=True) as made:
        await made.until("ready")
        watched = [item for item in made.registered if item.method == lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES]
        (options,) = [as_dict(item.register_options) for item in watched]
        assert [watcher["globPattern"] for watcher in options["watchers"]] == ["**/*"]


async def test_files_that_come_go_and_move_reach_the_prompt(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": MAIN})
    async with editor("--model", "embedded", workspace=tmp_path, watches=True) as made:
        await made.until("ready")
        uri = open_file(made, tmp_path / "main.py", MAIN)
        assert await from_other_files(made, uri) == set()
        write(tmp_path, {"shapes.py": SHAPES.format(name="surface")})
        tell(made, (tmp_path / "shapes.py", lsp.FileChangeType.Created))
        assert await from_other_files(made, uri) == {"shapes.py"}
        (tmp_path / "shapes.py").rename(tmp_path / "forms.py")
        tell(
            made,
            (tmp_path / "shapes.py", lsp.FileChangeType.Deleted),
            (tmp_path / "forms.py", lsp.FileChangeType.Created),
        )
        assert "shapes.py" not in await from_other_files(made, uri)
        for number in range(3):
            tell(made, (tmp_path / f"node_modules/{number}.js", lsp.FileChangeType.Created))
        assert (await made.status())["state"] == "ready"


async def test_unsaved_text_of_another_file_reaches_the_prompt(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": MAIN, "shapes.py": SHAPES.format(name="saved_name")})
    async with editor("--model", "embedded", workspace=tmp_path) as made:
        await made.until("ready")
        uri = open_file(made, tmp_path / "main.py", MAIN)
        assert "saved_name" in (await prompt(made, uri))["prompt"]
        shapes = open_file(made, tmp_path / "shapes.py", SHAPES.format(name="opened_name"))
        text = (await prompt(made, uri))["prompt"]
        assert "opened_name" in text
        assert "saved_name" not in text
        made.change(shapes, "typed", lsp.Position(1, 8), lsp.Position(1, 14))
        assert "typed_name" in (await prompt(made, uri))["prompt"]
        document = lsp.TextDocumentIdentifier(shapes)
        made.client.text_document_did_close(lsp.DidCloseTextDocumentParams(document))
        assert "saved_name" in (await prompt(made, uri))["prompt"]


async def test_folders_that_are_added_and_removed(tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"a.py": ""})
    two = write(tmp_path / "two", {"main.py": MAIN, "shapes.py": SHAPES.format(name="surface")})
    async with editor("--model", "embedded", workspace=one) as made:
        await made.until("ready")
        uri = open_file(made, two / "main.py", MAIN)
        assert await from_other_files(made, uri) == set()
        folder = lsp.WorkspaceFolder(two.as_uri(), "two")
        for added, removed, expected in (([folder], [], {"shapes.py"}), ([], [folder], set())):
            event = lsp.WorkspaceFoldersChangeEvent(added=added, removed=removed)
            made.client.workspace_did_change_workspace_folders(lsp.DidChangeWorkspaceFoldersParams(event))
            assert await from_other_files(made, uri) == expected


async def test_a_saved_ignore_file_counts_at_once(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": MAIN, "shapes.py": SHAPES.format(name="surface")})
    async with editor("--model", "embedded", workspace=tmp_path) as made:
        await made.until("ready")
        uri = open_file(made, tmp_path / "main.py", MAIN)
        assert await from_other_files(made, uri) == {"shapes.py"}
        write(tmp_path, {".gitignore": "shapes.py\n"})
        document = lsp.TextDocumentIdentifier((tmp_path / ".gitignore").as_uri())
        made.client.text_document_did_save(lsp.DidSaveTextDocumentParams(document))
        assert await from_other_files(made, uri) == set()
