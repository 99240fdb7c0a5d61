"""Writes what follows from the settings' one definition: the README's table and VS Code's settings.

python editors/generate.py           writes both files
python editors/generate.py --check   only says whether they are up to date; exit code 1 where they are not
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from seekline.server.settings.in_words import markdown_table
from seekline.server.settings.settings import editor_key, keys, others_may, schema

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PACKAGE = ROOT / "editors" / "vscode" / "package.json"
BEGIN, END = "<!-- settings: written by editors/generate.py -->\n", "<!-- end of settings -->\n"


def readme() -> str:
    """The README with the table of settings between its two marks."""
    text = README.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        sys.exit(f"{README} lacks the marks {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}{markdown_table()}{END}{after}"


def package() -> str:
    """VS Code's package.json with a setting for every key, and the command of the server.

    What a repository may not set is of the scope `machine`, which no workspace can set, trusted or not. The extension
    passes it on the server's command line, since the server takes it from no editor.
    """
    data = json.loads(PACKAGE.read_text("utf-8"))
    data["contributes"]["configuration"]["properties"] = {
        "seekline.command": {
            "type": "array",
            "items": {"type": "string"},
            "default": ["seekline", "serve"],
            "scope": "machine",
            "markdownDescription": "The command that starts the server.",
        }
    } | {f"seekline.{editor_key(key)}": vscode_setting(key) for key in keys()}
    restricted = [f"seekline.{editor_key(key)}" for key in keys() if others_may(key) in ("nothing", "ask")]
    data["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] = ["seekline.command", *restricted]
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def vscode_setting(key: str) -> dict[str, Any]:
    """A setting of VS Code. Its default is null, so that what the user has not set leaves a seekline.toml alone."""
    described = dict(schema()["properties"][key])
    default, text = described.pop("default"), described.pop("description")
    value = {name: part for name, part in described.items() if name != "title" and not name.startswith("x-")}
    if "anyOf" in value:
        value["anyOf"] = [*value["anyOf"], {"type": "null"}]
    else:
        value["type"] = [value["type"], "null"]
    if "enum" in value:
        value["enum"] = [*value["enum"], None]
    return {
        **value,
        "default": None,
        "scope": "machine" if others_may(key) == "nothing" else "resource",
        "markdownDescription": f"{text} Default: `{json.dumps(default, ensure_ascii=False)}`.",
    }


def main() -> None:
    stale = [path for path, wanted in ((README, readme()), (PACKAGE, package())) if path.read_text("utf-8") != wanted]
    if "--check" in sys.argv[1:]:
        if stale:
            sys.exit("out of date, run python editors/generate.py: " + ", ".join(map(str, stale)))
        return
    README.write_text(readme(), "utf-8")
    PACKAGE.write_text(package(), "utf-8")


if __name__ == "__main__":
    main()
