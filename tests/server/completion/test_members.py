"""A completion is held to the names that exist, where they are known, and to nothing else anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from marked import place
from project_files import project, workspace, write
from seekline import model
from seekline.server.completion.complete import generate, prepare
from seekline.server.completion.contexts import Contexts
from seekline.server.completion.prompt_config import PromptConfig, prompt_config
from seekline.server.completion.snapshot import Snapshot
from seekline.server.settings.settings import Settings

CODE = (
    "class Shelf:\n    def zebra_count(self) -> int:\n        return 1\n\n    def zebra_names(self) -> list:\n"
    "        return []\n\n\ndef run(shelf: Shelf):\n    {}\n"
)


@pytest.fixture(scope="module")
def engine() -> Iterator[model.LocalEngine]:
    local = model.LocalEngine(lambda _: None)
    request = model.ModelRequest(model=model.EMBEDDED, device="cpu")
    local.load(model.LocalModel(request=request, base=Path.cwd(), threads=1, max_new_tokens=48))
    yield local
    local.close(10)


@pytest.fixture(scope="module")
def config(engine: model.LocalEngine) -> PromptConfig:
    return prompt_config(engine.info().result(), Settings())


def snapshot(root: Path, line: str) -> Snapshot:
    document, cursor = place(CODE.format(line))
    view = project(workspace(write(root, {"main.py": ""})), root, "main.py")
    return Snapshot(document=document, cursor=cursor, project=view)


@pytest.mark.parametrize(
    ("line", "must_start", "names"),
    [
        ("return shelf.▮", b"", {b"zebra_count", b"zebra_names"}),
        ("return shelf.ze▮", b"ze", {b"bra_count", b"bra_names"}),  # healing writes what is typed again
        ("return shelf.zebra_count▮", b"zebra_count", {b""}),
    ],
)
def test_what_a_completion_may_start_with(
    tmp_path: Path, config: PromptConfig, line: str, must_start: bytes, names: set[bytes]
) -> None:
    prepared = prepare(snapshot(tmp_path, line), config, Contexts(), explicit=False, cancel=Event())
    guide = prepared.request.guide
    assert guide is not None
    assert guide.must_start == must_start
    assert guide.names is not None
    assert {name for name in guide.names if not name.startswith(b"__")} - {b"mro"} == names


@pytest.mark.parametrize("line", ["return shelf.unknown.▮", "return other.▮", 'return "see shelf.▮', "# see shelf.▮"])
def test_no_name_is_asked_for_elsewhere(tmp_path: Path, config: PromptConfig, line: str) -> None:
    prepared = prepare(snapshot(tmp_path, line), config, Contexts(), explicit=False, cancel=Event())
    assert prepared.request.guide is None or prepared.request.guide.names is None


@pytest.mark.parametrize("search", [True, False])
@pytest.mark.parametrize("copies", [True, False])
@pytest.mark.parametrize("line", ["return shelf.▮", "return shelf.z▮", "return shelf.zebra_n▮"])
def test_the_engine_writes_a_name_that_exists(
    tmp_path: Path, engine: model.LocalEngine, line: str, *, copies: bool, search: bool
) -> None:
    """With copies, drafts and the search for a line, and without."""
    config = prompt_config(engine.info().result(), Settings(copies=copies))
    config = replace(config, line_search=search and copies)
    found = generate(snapshot(tmp_path, line), engine, config, Contexts(), explicit=True)
    typed = line.partition(".")[2].removesuffix("▮")
    assert (typed + (found.text or "")).startswith(("zebra_count", "zebra_names", "__", "mro"))
