"""What the copy model is given: the document as the editor has it, and of other files only what prompts may have."""

from __future__ import annotations

from pathlib import Path

import pytest
from marked import place
from project_files import project, workspace, write
from seekline import model
from seekline.server.completion.copies import copy_texts
from seekline.server.completion.snapshot import Snapshot
from seekline.server.workspace import Buffers

HIDDEN = "never_to_be_copied"


def texts(root: Path, code: str = "x = ▮\n", *, name: str = "main.py", limit: int = 100_000) -> model.CopyTexts:
    document, cursor = place(code, name)
    view = project(workspace(root, exclude=["private/"]), root, name)
    return copy_texts(Snapshot(document=document, cursor=cursor, project=view), limit, lambda: None)


def test_the_document_is_the_editors(tmp_path: Path) -> None:
    root = write(tmp_path, {"main.py": f"{HIDDEN} = 1\n"})
    found = texts(root, "a = 1\nb = ▮2\nc = 3\n")
    assert (found.before, found.after) == ("a = 1\nb = ", "2\nc = 3\n")
    assert found.others == ()


def test_all_line_ends_are_newlines(tmp_path: Path) -> None:
    root = write(tmp_path, {"main.py": "", "other.py": "one\r\ntwo\rthree\n"})
    found = texts(root, "a\r\nb▮c\r\nd\r")
    assert (found.before, found.after, found.others) == ("a\nb", "c\nd\n", ("one\ntwo\nthree\n",))


def test_what_does_not_fit_is_left_out_by_distance(tmp_path: Path) -> None:
    root = write(tmp_path, {"a/main.py": "", "a/near.py": "near\n", "b/far.py": "far\n", "c/d/farther.py": "farther\n"})
    assert texts(root, name="a/main.py", limit=9).others == ("near\n", "far\n")
    assert texts(root, name="a/main.py", limit=5).others == ("near\n",)
    assert texts(root, name="a/main.py", limit=0).others == ()


@pytest.mark.parametrize("path", ["private/a.py", "ignored.py", "node_modules/a/a.py", "key.pem", ".env"])
def test_files_that_are_excluded_are_never_copied_from(tmp_path: Path, path: str) -> None:
    root = write(
        tmp_path, {"main.py": "", ".gitignore": "ignored.py\n", path: f"{HIDDEN} = 1\n", "seen.py": "seen = 1\n"}
    )
    found = texts(root)
    assert found.others == ("seen = 1\n",)


def test_secrets_are_never_copied(tmp_path: Path) -> None:
    secret = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6"
    root = write(tmp_path, {"main.py": "", "settings.py": f'TOKEN = "{secret}"\nname = "public"\n'})
    (other,) = texts(root).others
    assert secret not in other
    assert "public" in other


def test_unsaved_text_of_other_documents_counts(tmp_path: Path) -> None:
    root = write(tmp_path, {"main.py": "", "other.py": "saved = 1\n"})
    buffers = Buffers(watched=False)
    buffers.opened(root / "other.py", lambda: ("unsaved = 1\n",), "python")
    document, cursor = place("x = ▮\n", "main.py")
    view = project(workspace(root, buffers=buffers), root, "main.py")
    snapshot = Snapshot(document=document, cursor=cursor, project=view)
    assert copy_texts(snapshot, 1000, lambda: None).others == ("unsaved = 1\n",)


def test_a_cancel_is_seen_before_every_file(tmp_path: Path) -> None:
    root = write(tmp_path, {"main.py": "", "other.py": "saved = 1\n"})
    document, cursor = place("x = ▮\n", "main.py")
    snapshot = Snapshot(document=document, cursor=cursor, project=project(workspace(root), root, "main.py"))

    def stop() -> None:
        raise model.Cancelled

    with pytest.raises(model.Cancelled):
        copy_texts(snapshot, 1000, stop)
