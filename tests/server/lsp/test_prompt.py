"""The command `seekline.prompt`: what an editor can show is what `seekline prompt` prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from editor import Editor, as_dict, editor
from lsprotocol import types as lsp
from project_files import write

FILES = {
    ".git/HEAD": "",
    "shop/__init__.py": "from .basket import Basket\n",
    "shop/basket.py": "from .money import Money\n\n\nclass Basket:\n    def total(self) -> Money: ...\n",
    "shop/money.py": "class Money:\n    def __init__(self, cents: int) -> None:\n        self.cents = cents\n",
    "shop/unused.py": "class Unused:\n    pass\n",
    "main.py": "print('as it is on the disk')\n",
    "web/cart.ts": "export class Cart {\n  add(item: string): void {}\n}\n",
    "web/page.ts": "import { Cart } from './cart';\n\nconst cart = new Cart();\ncart.\n",
}
UNSAVED = "from shop import Basket\nfrom shop.money import Money\n\n\ndef pay(basket: Basket) -> None:\n    basket.\n"
CASES = [("main.py", "python", UNSAVED, 5, 11), ("web/page.ts", "typescript", FILES["web/page.ts"], 3, 5)]


def on_the_command_line(root: Path, *arguments: str, batch: dict[str, Any] | None = None) -> dict[str, Any]:
    command = [sys.executable, "-m", "seekline.server", "prompt", "--model", "embedded", *arguments]
    asked = None if batch is None else json.dumps(batch)
    ended = subprocess.run(command, cwd=root, input=asked, capture_output=True, encoding="utf-8", check=True)
    return json.loads(ended.stdout)


async def in_the_editor(made: Editor, path: Path, language: str, text: str, line: int, column: int) -> dict[str, Any]:
    document = lsp.TextDocumentItem(path.as_uri(), language, 1, text)
    made.client.text_document_did_open(lsp.DidOpenTextDocumentParams(document))
    place = {"textDocument": {"uri": document.uri}, "position": {"line": line, "character": column}}
    return as_dict(await made.command("seekline.prompt", place))


async def test_editor_and_command_line_agree(tmp_path: Path, own_home: Path) -> None:
    write(own_home / "config" / "seekline", {"seekline.toml": 'prompt_format = "deepseek-coder"\n'})
    root = write(tmp_path, FILES)
    async with editor("--model", "embedded", workspace=root) as made:
        await made.until("ready")
        shown: dict[str, Any] = {}
        for name, language, text, line, column in CASES:
            shown = await in_the_editor(made, root / name, language, text, line, column)
            row = {"id": 1, "file": name, "line": line + 1, "column": column + 1, "text": text}
            assert on_the_command_line(root, "--batch", "-", batch=row) == {"id": 1, **shown}
            others = [part["path"] for part in shown["parts"]]
            assert others == (["shop/money.py", "shop/basket.py"] if language == "python" else ["web/cart.ts"])
            assert "disk" not in shown["prompt"]
    assert on_the_command_line(root, "web/page.ts:4:6", "--json") == shown
