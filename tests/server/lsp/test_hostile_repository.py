"""A hostile repository that is opened in an editor: nothing of it runs, nothing beside it is read, nothing stalls.

`tests/hostile_repository.py` says what is in it, `tests/witness.py` who watches.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from editor import AUTOMATIC, INVOKED, Editor, Spot, as_dict, editor
from hostile_repository import BAIT, PARTS, Hostile, build
from lsprotocol import types as lsp
from marked import MARK
from pygls.exceptions import JsonRpcException
from witness import AuditHook, Deed, Strace, lies_in, may_read, why_no_strace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and such names need a POSIX system")

SCRIPT = Path(sys.executable).with_name("seekline")
STATUS_MS = 100
ASKED_AT_ONCE = 10

DOCUMENTS = {
    "main.py": "from shapes_outside import Circle\nfrom out.shapes import Circle as C\nimport logging, wide.names\n"
    "from config.part1 import KEY\nfrom circle.a import Circle as D\nfrom home.notes import *\n\n"
    f"c = Circle()\nc.{MARK}\n",
    "nested/main.py": "from .a import x\nfrom .e import A\nfrom ..wide.line import *\nfrom ..model.modeling import E\n"
    f"A.{MARK}\n",
    "web/page.ts": f"import {{ z }} from 'zod';\nimport x from '@/index';\nimport y from '../out/index';\nx.{MARK}\n",
    "deep/page.ts": f"import x from './package';\nimport y from '../huge/package';\ny.{MARK}\n",
    "tied/page.js": f"import x from '../wide/line';\nimport y from '../../outside/index';\nx.{MARK}\n",
    "main.go": f'package main\n\nimport "example.com/y"\n\nfunc main() {{\n\ty.{MARK}\n}}\n',
    "main.c": f'#include "/etc/passwd"\n#include "../outside/secret.h"\n#include "nested/c.c"\n'
    f"int main() {{ return {MARK}; }}\n",
    "src/main.rs": f"mod secret;\nuse crate::secret::x;\nfn main() {{ x.{MARK} }}\n",
    "App.php": f"<?php\nrequire '/etc/passwd';\nuse App\\Secret;\n$a = new {MARK};\n",
    "Main.java": f"import outside.Secret;\nclass Main {{ void run() {{ Secret.{MARK} }} }}\n",
    "x.cs": f"using Outside;\nclass X {{ void Y() {{ {MARK} }} }}\n",
    "x.rb": f"require_relative '../outside/secret'\nx.{MARK}\n",
    "bombed/x.py": f"from bombs import jwt\nx.{MARK}\n",
    "crowded/x.py": f"import toml\nx.{MARK}\n",
    "sub/main.py": f"import shapes\nshapes.{MARK}\n",
    "two\nlines.py": f"x.{MARK}\n",
    ".env": f"TOKEN={MARK}\n",
}
LANGUAGES = {"py": "python", "ts": "typescript", "js": "javascript", "rs": "rust", "cs": "csharp", "rb": "ruby"}


class Visit:
    """One look of an editor at the repository, and what it saw. `answers`: how many there were to each request."""

    def __init__(self, made: Editor, hostile: Hostile) -> None:
        (hostile.root / "moved_away" / "config").mkdir(parents=True)
        self._made = made
        self._hostile = hostile
        self.answers: Counter[str] = Counter()
        self.prompts: dict[str, str] = {}
        self.status_ms: dict[str, list[float]] = {}
        handle = made.client.protocol.handle_message

        def counted(message: Any) -> Any:
            if getattr(message, "id", None) is not None and not hasattr(message, "method"):
                self.answers[str(message.id)] += 1
            return handle(message)

        made.client.protocol.handle_message = counted  # type: ignore[method-assign]

    async def look(self, name: str) -> None:
        """Opens a document, asks for everything there is, and for the status while that is answered."""
        text = DOCUMENTS[name]
        uri = (self._hostile.root / name).as_uri()
        language = LANGUAGES.get(name.rpartition(".")[2], name.rpartition(".")[2])
        document = lsp.TextDocumentItem(uri, language, 1, text.replace(MARK, ""))
        self._made.client.text_document_did_open(lsp.DidOpenTextDocumentParams(document))
        spot = Spot(uri=uri, position=self._made.spot(text, name).position)
        kinds = enumerate((INVOKED, AUTOMATIC, INVOKED))
        asked = [self._made.ask(spot, kind, f"{len(self.answers)} {number}") for number, kind in kinds]
        prompt = asyncio.ensure_future(self._prompt(spot))
        while len(self.status_ms.setdefault(name, [])) < ASKED_AT_ONCE or not prompt.done():
            started = time.perf_counter()
            await self._made.status()
            self.status_ms[name].append(1000 * (time.perf_counter() - started))
        await asyncio.gather(*asked)
        self.prompts[name] = await prompt

    async def _prompt(self, spot: Spot) -> str:
        try:
            shown = as_dict(await self._made.command("seekline.prompt", spot.params))
        except JsonRpcException as error:
            return f"refused: {error}"
        return "" if shown is None else shown["prompt"]


def witnesses(folder: Path) -> dict[str, AuditHook | Strace]:
    (folder / "witness").mkdir()
    return {"audit hook": AuditHook(folder / "witness"), "strace": Strace(folder / "witness")}


async def visit(
    witness: AuditHook | Strace, hostile: Hostile, *options: str, names: Iterable[str] = DOCUMENTS
) -> Visit:
    """Opens the repository as editors do: the server is the script, its folder the repository."""
    if not SCRIPT.exists():
        pytest.skip(f"{SCRIPT} is not installed")
    command = [*witness.command, str(SCRIPT), "serve"]
    async with editor(
        *options, workspace=hostile.root, env=witness.environment, command=command, cwd=hostile.root
    ) as made:
        seen = Visit(made, hostile)
        while (await made.status())["state"] in ("not loaded", "loading"):
            await asyncio.sleep(0.05)
        for name in names:
            await seen.look(name)
        created = [
            hostile.root / name for name in ("build", "build/compile_commands.json", "out/shapes.py", "loop/x.py")
        ]
        events = [lsp.FileEvent(path.as_uri(), lsp.FileChangeType.Created) for path in created]
        made.client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams(events))
        # What was listed and read as a file is a link by now.
        swapped = [("config/part1.py", "shapes.py"), ("circle", ".")]
        for name, target in [(name, target) for name, target in swapped if (hostile.root / name).exists()]:
            (hostile.root / name).rename(hostile.root / "moved_away" / name)
            (hostile.root / name).symlink_to(hostile.outside / target)
        await seen.look("main.py")
        return seen


def offences(deeds: Iterator[Deed], hostile: Hostile, own: tuple[str, ...]) -> list[Deed]:
    """What the server did and must not: `own` are the files of the witness."""
    places = may_read(hostile.home)
    root = str(hostile.root)
    processes = 0
    found: list[Deed] = []
    for deed in deeds:
        if deed.kind == "read":
            allowed = lies_in(deed.what, (root, *own)) or lies_in(deed.what, places)
        elif deed.kind == "code":
            allowed = not lies_in(deed.what, (root, str(hostile.outside), str(hostile.home)))
        elif deed.kind == "network":
            allowed = "AF_UNIX" in deed.what or deed.what == "family 1"  # the event loop wakes itself by a pair of them
        else:
            processes += 1
            is_server = processes == 1 and "execve" in deed.what
            is_parser = sys.executable in deed.what and "seekline.server.parsing.child" in deed.what
            allowed = is_server or is_parser
        if not allowed:
            found.append(deed)
    return found


WITNESSES = [
    "audit hook",
    pytest.param("strace", marks=pytest.mark.skipif(why_no_strace() is not None, reason=str(why_no_strace()))),
]


@pytest.mark.parametrize("witness", WITNESSES)
async def test_a_hostile_repository(witness: str, tmp_path: Path, own_home: Path) -> None:
    hostile = build(tmp_path, own_home)
    watching = witnesses(tmp_path)[witness]
    seen = await visit(watching, hostile, "--model", "embedded")
    assert not hostile.ran.exists(), hostile.ran.read_text("utf-8")
    assert offences(watching.deeds(), hostile, watching.own) == []
    assert set(seen.answers.values()) == {1}, "everything is answered once"
    assert {name for name, prompt in seen.prompts.items() if prompt.startswith("refused")} == {".env"}
    assert {name for name, prompt in seen.prompts.items() if BAIT in prompt} == set()
    for name, times in seen.status_ms.items():
        print(f"{name!r}: status p50 {statistics.median(times):.1f} ms, longest {max(times):.1f} ms of {len(times)}")
        assert min(times) <= STATUS_MS, name


async def test_a_model_that_the_repository_names_runs_nothing(tmp_path: Path, own_home: Path) -> None:
    """Its settings name its own model folder, with code of its own; whatever becomes of that, the server answers."""
    hostile = build(tmp_path, own_home, without=PARTS.keys() - {"settings", "model folder", "python", "own package"})
    watching = witnesses(tmp_path)["audit hook"]
    seen = await visit(watching, hostile, names=["main.py", ".env"])
    assert not hostile.ran.exists(), hostile.ran.read_text("utf-8")
    assert offences(watching.deeds(), hostile, watching.own) == []
    assert set(seen.answers.values()) == {1}


@pytest.mark.parametrize(
    ("start", "without"),
    [
        pytest.param([str(SCRIPT)], set(), id="seekline"),
        # Before its first line, Python takes what is called like us in the current folder.
        pytest.param([sys.executable, "-m", "seekline.server"], {"own package"}, id="-m"),
        pytest.param(
            [sys.executable, "-P", "-m", "seekline.server"],
            set(),
            id="-P -m",
            marks=pytest.mark.skipif(sys.version_info < (3, 11), reason="-P came with Python 3.11"),
        ),
    ],
)
def test_no_module_of_the_current_folder_is_imported(
    start: list[str], without: set[str], tmp_path: Path, own_home: Path
) -> None:
    hostile = build(tmp_path, own_home, without=PARTS.keys() - {"python", "own package"} | without)
    (hostile.root / "zz.py").write_text("import os\nos.\n", "utf-8")
    command = [*start, "complete", "zz.py:2:4", "--model", "embedded", "--json"]
    ended = subprocess.run(command, cwd=hostile.root, capture_output=True, text=True, timeout=120)
    assert not hostile.ran.exists(), hostile.ran.read_text("utf-8")
    assert ended.returncode == 0, ended.stderr
    assert '"completion"' in ended.stdout


GUILTY = """
import os, socket, subprocess, sys
sys.path.insert(0, ".")
open("out/shapes.py").read()
open("/etc/passwd").read()
os.listdir("home")
subprocess.run(["true"])
socket.socket().connect_ex(("127.0.0.1", 9))
import guilty_module
"""


@pytest.mark.parametrize("witness", WITNESSES)
def test_a_witness_sees_what_it_must(witness: str, tmp_path: Path, own_home: Path) -> None:
    hostile = build(tmp_path, own_home, without=PARTS.keys() - {"links"})
    (hostile.root / "guilty_module.py").write_text("x = 1\n", "utf-8")
    (hostile.root / "out/guilty.py").write_text(GUILTY, "utf-8")
    watching = witnesses(tmp_path)[witness]
    command = [*watching.command, sys.executable, "out/guilty.py"]
    subprocess.run(command, cwd=hostile.root, env={**os.environ, **watching.environment}, check=True)
    found = offences(watching.deeds(), hostile, watching.own)
    kinds = {deed.kind for deed in found}
    assert kinds == (
        {"read", "code", "process", "network"} if witness == "audit hook" else {"read", "process", "network"}
    )
    read = {deed.what for deed in found if deed.kind == "read"}
    assert "/etc/passwd" in read
    assert any(lies_in(path, (str(hostile.outside),)) for path in read)
