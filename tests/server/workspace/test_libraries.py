"""Installed packages as a second source of signatures: found on the disk by who asks, only with the setting."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
import seekline.server.workspace.view as view_module
from project_files import project, text_of, workspace, write
from seekline import fim
from seekline.fim.context import Context, gather
from seekline.server.workspace import Workspace, libraries

SITE = ".venv/lib/python3.12/site-packages"
PYTHON = {
    ".venv/pyvenv.cfg": "home = /usr/bin\n",
    f"{SITE}/wire/__init__.py": "from .client import Client\n",
    f"{SITE}/wire/client.py": 'class Base:\n    def ping(self) -> bool:\n        """Asks for a sign."""\n'
    "        return True\n\n\nclass Client(Base):\n    def fetch_all(self, url: str) -> list[str]:\n"
    "        hidden = 1\n        return [url]\n",
}
NODE = {
    "package.json": "{}",
    "node_modules/wire/package.json": '{"name": "wire", "exports": {".": {"types": "./dist/main.d.ts", '
    '"default": "./dist/main.js"}, "./*": "./dist/*.mjs"}}',
    "node_modules/wire/dist/main.d.ts": "export { Client } from './client.js';\n",
    "node_modules/wire/dist/client.d.ts": "export declare class Client {\n    fetchAll(url: string): string[];\n}\n",
    "node_modules/wire/dist/extra.d.mts": "export declare function extra(): number;\n",
    "node_modules/wire/dist/main.js": "exports.secret = function secret() {}\n",
    "node_modules/@types/scope__old/package.json": '{"types": "index.d.ts"}',
    "node_modules/@types/scope__old/index.d.ts": "export function older(count: number): number;\n",
}
GO = {
    "cache/github.com/!big!co/wire@v1.2.3-!r!c/go.mod": "module github.com/BigCo/wire\n",
    "cache/github.com/!big!co/wire@v1.2.3-!r!c/http/client.go": "package http\n\n// Client asks.\n"
    "type Client struct {\n\tURL string\n}\n\nfunc (c *Client) FetchAll(url string) []string {\n"
    "\thidden := 1\n\treturn nil\n}\n",
    "cache/example.org/fork@v2.0.0/fork.go": "package old\n\nfunc Forked(count int) int {\n\treturn count\n}\n",
}
GO_MOD = """module example.com/app

require (
\tgithub.com/BigCo/wire v1.2.3-RC // indirect
\texample.org/old v1.0.0
)

exclude github.com/BigCo/wire v0.9.0

replace example.org/old => example.org/fork v2.0.0
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(libraries, "LOOK_AGAIN_S", 0.0)


def root(tmp_path: Path, files: Mapping[str, str]) -> Path:
    write(tmp_path, {path: text for path, text in files.items() if path.startswith("cache/")})
    return write(tmp_path / "root", {path: text for path, text in files.items() if not path.startswith("cache/")})


def gathered(space: Workspace, folder: Path, name: str, text: str, tokens: int = 1500) -> Context:
    """The context at `▮` in `text`, which becomes the file `name`."""
    before, _, after = text.partition("▮")
    write(folder, {name: before + after})
    lines = tuple(fim.split_lines(before + after))
    document = fim.Document(path=name, language=fim.language_of_path(name), lines=lines)
    cursor = fim.Cursor(line=before.count("\n"), column=len(before) - before.rfind("\n") - 1)
    return gather(document, cursor, space.project_of(folder / name), tokens, len)


def check(tmp_path: Path, files: Mapping[str, str], name: str, text: str, wanted: str) -> None:
    """Checks what is shown at `▮` with the setting, and that nothing is without it."""
    folder = root(tmp_path, files)
    assert gathered(workspace(folder), folder, name, text).text == ""
    context = gathered(Workspace([folder], (), libraries=True), folder, name, text)
    assert context.text == wanted
    assert str(tmp_path) not in context.text
    assert {part.kind for part in context.parts} == {"signatures"}


def test_python(tmp_path: Path) -> None:
    check(
        tmp_path,
        PYTHON,
        "app.py",
        "from wire import Client\n\nclient = Client()\nclient.▮\n",
        '# site-packages/wire/client.py\nclass Base:\n    def ping(self) -> bool:\n        """Asks for a sign."""\n'
        "class Client(Base):\n    def fetch_all(self, url: str) -> list[str]:\n\n",
    )


def test_python_stubs_come_first(tmp_path: Path) -> None:
    stubs = {f"{SITE}/wire-stubs/__init__.pyi": "def stubbed(x: int) -> int: ...\n"}
    folder = root(tmp_path, {**PYTHON, **stubs})
    space = Workspace([folder], (), libraries=True)
    context = gathered(space, folder, "app.py", "import wire\n\nwire.▮\n")
    assert context.text == "# site-packages/wire-stubs/__init__.pyi\ndef stubbed(x: int) -> int: ...\n\n"


def test_typescript(tmp_path: Path) -> None:
    check(
        tmp_path,
        NODE,
        "src/app.ts",
        "import { Client } from 'wire';\n\nconst client = new Client();\nclient.▮\n",
        "// node_modules/wire/dist/client.d.ts\nexport declare class Client {\n    fetchAll(url: string): string[];\n"
        "}\n\n",
    )


@pytest.mark.parametrize(
    ("name", "line", "wanted"),
    [
        ("a.js", "const { extra } = require('wire/extra');", "node_modules/wire/dist/extra.d.mts"),
        ("a.tsx", "import { older } from '@scope/old';", "node_modules/@types/scope__old/index.d.ts"),
        ("a.ts", "import x from 'nothing';", None),
        ("a.ts", "import x from '@scope/../../wire';", None),
    ],
)
def test_declarations_of_packages(tmp_path: Path, name: str, line: str, wanted: str | None) -> None:
    folder = root(tmp_path, NODE)
    context = gathered(Workspace([folder], (), libraries=True), folder, name, f"{line}\n\n▮\n")
    assert [part.path for part in context.parts] == ([wanted] if wanted else [])


def test_go(tmp_path: Path) -> None:
    check(
        tmp_path,
        {**GO, "go.mod": GO_MOD},
        "main.go",
        'package main\n\nimport "github.com/BigCo/wire/http"\n\nfunc main() {\n\tc := &http.Client{}\n\tc.▮\n}\n',
        "// github.com/BigCo/wire/http/client.go\n// Client asks.\ntype Client struct {\n\tURL string\n}\n"
        "func (c *Client) FetchAll(url string) []string {\n\n",
    )


def test_go_replaced_and_vendored(tmp_path: Path) -> None:
    vendored = {"vendor/modules.txt": "", "vendor/example.net/v/v.go": "package v\n\nfunc Vendored() {}\n"}
    folder = root(tmp_path, {**GO, **vendored, "go.mod": GO_MOD})
    space = Workspace([folder], (), libraries=True)
    text = 'package main\n\nimport (\n\told "example.org/old"\n\t"example.net/v"\n)\n\nfunc main() {\n\t▮\n}\n'
    paths = {part.path for part in gathered(space, folder, "main.go", text).parts}
    assert paths == {"example.org/fork@v2.0.0/fork.go", "vendor/example.net/v/v.go"}


def test_the_workspace_comes_first(tmp_path: Path) -> None:
    folder = root(tmp_path, {**PYTHON, "wire/__init__.py": "def own(): ...\n"})
    context = gathered(Workspace([folder], (), libraries=True), folder, "app.py", "import wire\n\nwire.▮\n")
    assert [part.path for part in context.parts] == ["wire/__init__.py"]


def test_libraries_are_not_listed_and_have_no_windows(tmp_path: Path) -> None:
    folder = root(tmp_path, {**PYTHON, **NODE})
    view = project(Workspace([folder], (), libraries=True), folder)
    assert "site-packages/wire/client.py" in view.paths
    assert view.paths.is_library("site-packages/wire/client.py")
    assert not view.paths.is_library("package.json")
    assert view.paths.files_in("site-packages/wire") == [f"site-packages/wire/{n}.py" for n in ("__init__", "client")]
    assert set(view.paths) == {"package.json"}
    assert "node_modules/wire/dist/main.js" not in view.paths
    assert not project(workspace(folder), folder).paths.is_library("site-packages/wire/client.py")


def test_without_the_setting_nothing_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    for name in ("_seek", "_list", "_seek_place", "look_again", "__init__"):
        monkeypatch.setattr(libraries.Libraries, name, never)
    folder = root(tmp_path, {**PYTHON, **NODE, **GO, "go.mod": GO_MOD})
    for name in ("a.py", "a.ts", "a.go"):
        gathered(workspace(folder), folder, name, "import wire\nimport 'wire'\nimport \"example.org/old\"\n▮\n")


def test_rules_hold_for_libraries_too(tmp_path: Path) -> None:
    key = "AKIA" + "ABCDEFGHIJKLMNOP"
    files = {f"{SITE}/lib/{name}": "x = 1\n" for name in ("a.py", "b_pb2.py", "mine.py", ".aws/c.py", "data.so")}
    files |= {f"{SITE}/lib/key.py": f'KEY = "{key}"\ny = 1\n', f"{SITE}/lib/large.py": "x = 1\n" * 300_000}
    folder = root(tmp_path, {**PYTHON, **files})
    view = project(Workspace([folder], ("mine.py",), libraries=True), folder)
    assert view.paths.files_in("site-packages/lib") == [f"site-packages/lib/{n}.py" for n in ("a", "key", "large")]
    assert "site-packages/lib/.aws/c.py" not in view.paths
    assert text_of(view, "site-packages/lib/key.py") == "\ny = 1\n"
    assert view.document("site-packages/lib/large.py") is None


@pytest.mark.parametrize("excluded", [".venv", "site-packages", ".venv/"])
def test_an_excluded_environment(tmp_path: Path, excluded: str) -> None:
    folder = root(tmp_path, PYTHON)
    view = project(Workspace([folder], (excluded,), libraries=True), folder)
    assert "site-packages/wire/client.py" not in view.paths


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_do_not_lead_out(tmp_path: Path) -> None:
    store = "node_modules/.pnpm/wire@1.0.0/node_modules/wire"
    folder = root(tmp_path, {f"{store}/package.json": "{}", f"{store}/index.d.ts": "", "packages/own/index.d.ts": ""})
    write(tmp_path / "else", {**PYTHON, "index.d.ts": "", "node_modules/far/index.d.ts": ""})
    modules = folder / "node_modules"
    (modules / "wire").symlink_to(".pnpm/wire@1.0.0/node_modules/wire")
    (modules / "own").symlink_to("../packages/own")
    (modules / "far").symlink_to(tmp_path / "else/node_modules/far")
    (folder / store / "out.d.ts").symlink_to(tmp_path / "else/index.d.ts")
    (folder / ".venv").symlink_to(tmp_path / "else/.venv")
    paths = project(Workspace([folder], (), libraries=True), folder).paths
    assert "node_modules/wire/index.d.ts" in paths
    for path in ("own/index.d.ts", "far/index.d.ts", "wire/out.d.ts"):
        assert f"node_modules/{path}" not in paths
    assert "site-packages/wire/client.py" not in paths


def test_what_is_installed_meanwhile_is_seen(tmp_path: Path) -> None:
    folder = root(tmp_path, {})
    space = Workspace([folder], (), libraries=True)
    text, later = "import wire\n\nwire.▮\n", "import late\n\nlate.▮\n"
    assert not gathered(space, folder, "app.py", later).parts
    assert not gathered(space, folder, "app.py", text).parts
    root(tmp_path, PYTHON)
    assert gathered(space, folder, "app.py", text).parts
    write(folder, {f"{SITE}/late.py": "def now(): ...\n"})
    os.utime(folder / SITE, (1, 1))
    assert [part.path for part in gathered(space, folder, "app.py", later).parts] == ["site-packages/late.py"]


def test_environments_of_folders_and_the_newest_python(tmp_path: Path) -> None:
    inner = {f"back/{path}": text for path, text in PYTHON.items()}
    files = {**inner, "back/.venv/lib/python3.9/site-packages/wire.py": "old = 1\n", "back/app/x.py": ""}
    folder = root(tmp_path, files)
    paths = project(Workspace([folder], (), libraries=True), folder).paths
    assert "back/site-packages/wire/client.py" in paths
    assert "back/site-packages/wire.py" not in paths
    assert "site-packages/wire/client.py" not in paths


@pytest.mark.parametrize(
    "path", ["../site-packages/a.py", "a/../site-packages/a.py", "..a/../x.y@v1/a.go", "x.y@v1/../a.go"]
)
def test_odd_paths_are_no_files(tmp_path: Path, path: str) -> None:
    write(tmp_path, {".venv/pyvenv.cfg": "", f"{SITE}/a.py": "", "cache/a.go": "", "root/a/x.py": ""})
    assert path not in project(Workspace([tmp_path / "root"], (), libraries=True), tmp_path / "root").paths


def test_changing_the_setting_makes_another_index(tmp_path: Path) -> None:
    folder = root(tmp_path, PYTHON)
    space = workspace(folder)
    assert space.replaced([folder], ()) is space
    other = space.replaced([folder], (), libraries=True)
    assert "site-packages/wire/client.py" in project(other, folder).paths
    assert "site-packages/wire/client.py" not in project(space, folder).paths


def test_one_prompt_parses_only_so_much_that_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "LIBRARY_CHARACTERS", 10)
    names = ("one", "two", "three")
    folder = root(tmp_path, {**PYTHON, **{f"{SITE}/{name}.py": f"def {name}_of(): ...\n" for name in names}})
    space = Workspace([folder], (), libraries=True)
    text = "".join(f"from {name} import {name}_of\n" for name in names) + "\n▮\n"
    counts = [len(gathered(space, folder, "app.py", text).parts) for _ in range(4)]
    assert counts == [1, 2, 3, 3]
