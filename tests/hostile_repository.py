"""A repository that means harm, built by code: what it holds would run, stall, leak or break a careless server.

`build` writes it with a folder beside it that nothing may read. Whatever runs leaves a line in `Hostile.ran`; whatever
is read from outside, or is a secret, has the word `BAIT` in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import socket
import stat
import struct
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from project_files import write

BAIT = "stolen_by_seekline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """The repository `root`, and `outside`, which is next to it. `ran`: a file that code of the repository would write.

    `home`: the user's home folder, which links lead to.
    """

    root: Path
    outside: Path
    home: Path

    @property
    def ran(self) -> Path:
        return self.outside / "ran"

    @property
    def code(self) -> str:
        """Python that tells that it ran."""
        return f"import sys\nwith open({str(self.ran)!r}, 'a') as _file:\n    print(__name__, sys.argv, file=_file)\n"


def build(folder: Path, home: Path, *, without: Collection[str] = ()) -> Hostile:
    """Writes the repository and what is beside it into `folder`; `without`: parts by name, as in `PARTS`."""
    made = Hostile(root=folder / "repository", outside=folder / "outside", home=home)
    made.root.mkdir(parents=True)
    shapes = f"class Circle:\n    def {BAIT}(self): ...\n"
    write(
        made.outside, {"shapes.py": shapes, "secret.h": f"int {BAIT}(void);\n", "secret.go": f"package x // {BAIT}\n"}
    )
    write(made.outside, {"package.json": f'{{"name": "{BAIT}"}}', "ignore": "*\n", "git/info/exclude": "*\n"})
    write(made.outside, {"tsconfig.json": f'{{"compilerOptions": {{"baseUrl": "{BAIT}"}}}}', "index.d.ts": BAIT})
    write(home, {".ssh/id_rsa": BAIT, "notes.py": shapes})
    for name, part in PARTS.items():
        if name not in without:
            part(made)
    return made


def _links(made: Hostile) -> None:
    root = made.root
    (root / "tied").mkdir()
    leads: dict[str, str | Path] = {
        "passwd.py": "/etc/passwd",
        "home": made.home,
        "out": made.outside,
        "shapes_outside.py": made.outside / "shapes.py",
        "loop": root,
        "one": "two",
        "two": "one",
        "tied/.gitignore": made.outside / "ignore",
        "tied/package.json": made.outside / "package.json",
        "tied/tsconfig.json": made.outside / "tsconfig.json",
        "build": made.outside,  # where a compile_commands.json would be looked for
        "vendor": made.outside,
        "memory.py": "/proc/self/mem",
        "noise.py": "/dev/zero",
    }
    for name, target in leads.items():
        (root / name).symlink_to(target)


def _no_plain_files(made: Hostile) -> None:
    """Files that wait for ever, or never end."""
    (made.root / "odd").mkdir()
    for name in ("pipe.py", "odd/package.json", "odd/.gitignore", "odd/tsconfig.json"):
        os.mkfifo(made.root / name)
    here = Path.cwd()
    os.chdir(made.root)  # a socket's path must be short
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind("socket.py")
    os.chdir(here)
    with contextlib.suppress(PermissionError):  # only root makes devices
        os.mknod(made.root / "zero.py", 0o600 | stat.S_IFCHR, os.makedev(1, 5))


def _many_patterns(made: Hostile) -> None:
    write(made.root, {"crowded/.gitignore": "".join(f"/{n}/**/x{n}*y\n" for n in range(50_000)), "crowded/a.py": ""})


def _star_bombs(made: Hostile) -> None:
    bombs = ["*a" * 40 + "b/c", "*a" * 40 + "b", "\\a*" * 40 + "b/c", "**/a" * 20 + "/b/c", "[!b]*" * 40 + "b/c"]
    deep = "/".join("a" * 60)
    names = {f"bombed/{'a' * 120}/c": "", f"bombed/{deep}/c": ""}
    text = "\n".join(bombs)
    write(made.root, {"bombed/.gitignore": text, "bombed/.seeklineignore": text, **names})


def _secrets(made: Hostile) -> None:
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{BAIT}\n-----END RSA PRIVATE KEY-----\n"
    names = [".env", ".env.local", "id_rsa", "server.pem", ".aws/credentials", ".npmrc", "secrets.toml", "a.tfvars"]
    write(made.root, dict.fromkeys(names, f"TOKEN={BAIT}\nclass Circle:\n    def {BAIT}(self): ...\n"))
    write(made.root, {f"config/part{n}.py": f"x = {n}\nKEY = '''{key}'''\n" for n in range(200)})


def _secret_bombs(made: Hostile) -> None:
    """Long lines among short ones, which are so many that the file is not taken for minified."""
    for name, text in {"jwt.py": "eyJ-", "url.py": "a://b:", "key.py": "secret=", "begin.py": "-----BEGIN "}.items():
        write(made.root, {f"bombs/{name}": "\n" * 2500 + text * (900_000 // len(text)) + "\n"})


def _manifests(made: Hostile) -> None:
    outside = str(made.outside)
    files: dict[str, str] = {
        "package.json": json.dumps({"name": "x", "main": f"{outside}/index.js", "imports": {"#a": f"{outside}/*"}}),
        "deep/package.json": "[" * 200_000,
        "deep/composer.json": '{"a":' * 100_000,
        "deep/tsconfig.json": '{"compilerOptions": ' * 100_000,
        "huge/package.json": json.dumps({"dependencies": {f"p{n}": "1" for n in range(200_000)}}),
        "tsconfig.json": json.dumps({"extends": "./a.json", "compilerOptions": {"paths": {"@/*": [f"{outside}/*"]}}}),
        "a.json": '{"extends": "./tsconfig.json"}',
        "web/tsconfig.json": json.dumps({"extends": f"{outside}/tsconfig.json"}),
        "pyproject.toml": '[project]\nname = "x"\n[tool.setuptools.package-dir]\n"" = "../outside"\n',
        "go.mod": "module example.com/x\n\nrequire example.com/y v1.0.0\n\nreplace example.com/y => ../outside\n",
        "go.work": "go 1.22\nuse ../outside\n",
        "Cargo.toml": '[workspace]\nmembers = ["../outside", "../**/*"]\n[package]\nname = "x"\n',
        "compile_commands.json": json.dumps(
            [{"directory": "/", "file": "/etc/passwd", "arguments": ["cc", f"-I{outside}", "-I/etc", "-include", "/x"]}]
        ),
        "composer.json": json.dumps({"autoload": {"psr-4": {"App\\": "../outside/"}, "files": ["/etc/passwd"]}}),
        "pom.xml": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd"><!ENTITY c "&b;&b;">]><project>&c;</project>',
        "x.csproj": '<Project><Import Project="../outside/x.props"/><Compile Include="../outside/**"/></Project>',
        "Package.swift": '.target(name: "x", path: "../outside")\n',
    }
    write(made.root, files)


def _deep_toml(made: Hostile) -> None:
    write(made.root, {"toml/pyproject.toml": "a = " + "[" * 100_000, "toml/Cargo.toml": "a = " + "{b=" * 100_000})


def _settings(made: Hostile) -> None:
    wanted = {"model": "./model", "trustRemoteCode": ["./model"], "offline": False, "libraries": True, "exclude": []}
    wanted |= {"remoteUrl": "http://127.0.0.1:9/v1", "remoteKey": "env:HOME", "remoteTokenizer": "./model"}
    toml = 'model = "./model"\ntrust_remote_code = ["./model"]\nlibraries = true\nexclude = []\nlog_level = "debug"\n'
    toml += 'remote_url = "http://127.0.0.1:9/v1"\nremote_key = "env:HOME"\nremote_tokenizer = "./model"\n'
    files = {
        "seekline.toml": toml,
        ".vscode/settings.json": json.dumps({f"seekline.{key}": value for key, value in wanted.items()}),
        ".dir-locals.el": '((nil . ((eglot-workspace-configuration . (:seekline (:model "./model"))))))\n',
        ".helix/languages.toml": '[language-server.seekline]\ncommand = "./run"\n',
        ".nvim.lua": "vim.g.seekline = {}\n",
        ".envrc": f"export TOKEN={BAIT}\n",
    }
    write(made.root, files)


def _model_folder(made: Hostile) -> None:
    config = {
        "model_type": "evil",
        "architectures": ["EvilForCausalLM"],
        "auto_map": {"AutoConfig": "modeling.EvilConfig", "AutoModelForCausalLM": "modeling.EvilForCausalLM"},
        "num_hidden_layers": 0,
        "num_attention_heads": 0,
    }
    header = json.dumps({"w": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 60]}}).encode()
    index = {"weight_map": {"w": "../../outside/shapes.py", "v": "/etc/passwd"}}
    files = {
        "config.json": json.dumps(config),
        "modeling.py": made.code,
        "tokenizer.json": '{"model": {"type": "BPE", "vocab": {}, "merges": []}, "normalizer": {"type": "x"}}',
        "model.safetensors": struct.pack("<Q", len(header)) + header,
        "model.safetensors.index.json": json.dumps(index),
        "pytorch_model.bin": pickle.dumps(_Runs(made.ran)),
    }
    write(made.root / "model", files)


class _Runs:
    """Runs a command when it is unpickled."""

    def __init__(self, ran: Path) -> None:
        self.ran = ran

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"echo unpickled >> '{self.ran}'",)


def _sources(made: Hostile) -> None:
    files = {
        "nested/a.py": "x = " + "(" * 50_000 + ")" * 50_000 + "\n",
        "nested/b.ts": "const x = " + "[" * 50_000 + "\n",
        "nested/c.c": "int x = " + "{" * 50_000 + "\n",
        "nested/d.py": "".join(f"{' ' * n}if x:\n" for n in range(400)),
        "nested/e.py": "class A" + "(A" * 3000 + ")" * 3000 + ": ...\n",
        "wide/line.js": "\n" * 2500 + "a=1;" * 240_000,
        "wide/line.py": "\n" * 2500 + "x = '" + "a" * 900_000 + "'\n",
        "wide/names.py": "".join(f"def f{n}(): ...\n" for n in range(40_000)),
        "circle/a.py": "from .b import *\nclass Circle(B): ...\n",
        "circle/b.py": "from .a import *\nclass B(Circle): ...\n",
    }
    write(made.root, files)


def _names(made: Hostile) -> None:
    for name in (
        b"two\nlines.py",
        b"\x1b[2J\x1b]0;x\x07.py",
        b"odd\xff.py",
        b"-rf.py",
        b"%2e%2e.py",
        b" .py",
        b"a" * 250,
    ):
        with contextlib.suppress(OSError):  # not every file system takes them
            Path(os.fsdecode(os.fsencode(made.root) + b"/" + name)).write_text("x = 1\n", "utf-8")


def _git(made: Hostile) -> None:
    write(made.root, {".git": "gitdir: ../outside/git\n", ".gitmodules": '[submodule "x"]\n\tpath = ../outside\n'})


def _python(made: Hostile) -> None:
    """What Python would find before its own, with the repository on its path or as its folder."""
    stops = "raise SystemExit('this ran')\n"
    code = made.code + stops
    modules = ["sitecustomize", "usercustomize", "torch", "numpy", "pygls/__init__", "lsprotocol/__init__", "logging"]
    modules += ["transformers/__init__", "typer", "rich/__init__", "tomli", "re2", "setup", "conftest", "__main__"]
    write(made.root, {f"{module}.py": code for module in modules})
    points = "[torch.backends]\nx = torch_evil:run\n[pydantic]\nx = torch_evil\n"
    site = f".venv/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    files = {
        "evil-1.0.dist-info/entry_points.txt": points,
        "evil-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n",
        "torch_evil.py": code,
        "evil.pth": f"import os; os.system('echo pth >> {made.ran}')\n",
        "pyvenv.cfg": f"home = {made.outside}\n",
        ".venv/pyvenv.cfg": f"home = {made.outside}\n",
        f"{site}/evil.pth": f"import os; os.system('echo pth >> {made.ran}')\n",
        f"{site}/sitecustomize.py": code,
    }
    write(made.root, files)
    (made.root / site / "linked").symlink_to(made.outside)
    (made.root / "node_modules" / ".pnpm").mkdir(parents=True)
    (made.root / "node_modules" / "zod").symlink_to(made.outside)
    (made.root / "node_modules" / ".pnpm" / "node_modules").symlink_to(made.outside)
    write(made.root, {"sub/.venv/pyvenv.cfg": "", "sub/pyproject.toml": "[project]\nname = 'sub'\n"})
    (made.root / "sub" / ".venv" / "lib").symlink_to(made.outside)


def _own_package(made: Hostile) -> None:
    """Our own name, which `python -m` finds in the current folder before it has run a line of ours."""
    code = made.code + "raise SystemExit('this ran')\n"
    write(made.root, dict.fromkeys(["seekline/__init__.py", "seekline/server/__init__.py"], code))


PARTS: dict[str, Callable[[Hostile], None]] = {
    "links": _links,
    "no plain files": _no_plain_files,
    "many patterns": _many_patterns,
    "star bombs": _star_bombs,
    "secrets": _secrets,
    "secret bombs": _secret_bombs,
    "manifests": _manifests,
    "deep TOML": _deep_toml,
    "settings": _settings,
    "model folder": _model_folder,
    "sources": _sources,
    "names": _names,
    "git": _git,
    "python": _python,
    "own package": _own_package,
}
"""What the repository is made of, by name."""
