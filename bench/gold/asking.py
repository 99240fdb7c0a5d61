"""What a line needs, as the tools answer it, and the tools that run in a process of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

HERE = Path(__file__).resolve().parent
JEDI = "jedi==0.19.2"
TYPESCRIPT = "typescript@5.8.3"


class NoTool(Exception):
    """A tool that is not to be had on this machine, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name on a line, and the lines of other files that define or declare it. Lines from 1, columns from 0."""

    name: str
    column: int
    kind: str
    places: tuple[tuple[str, int], ...]


class Gold(Protocol):
    """Answers for one repository."""

    def needs(self, file: str, lines: Sequence[int]) -> Mapping[int, list[Name]]: ...

    def close(self) -> None: ...


class Process:
    """A tool that answers one JSON line with another."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8"
            )
        self._log = log

    def needs(self, file: str, lines: Sequence[int]) -> dict[int, list[Name]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"file": file, "lines": list(lines)}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise NoTool(f"{self._process.args!r} ended; see {self._log}")
        return {int(line): [_name(found) for found in names] for line, names in json.loads(answer).items()}

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)


def _name(found: dict[str, Any]) -> Name:
    places = tuple((path, line) for path, line in found["places"])
    return Name(name=found["name"], column=found["column"], kind=found["kind"], places=places)


def jedi(root: Path, cache: Path) -> Process:
    """Python, by jedi, which lives in an environment of its own: what it resolves must not depend on ours."""
    python = cache / "tools" / "bin" / "python"
    if not (cache / "tools" / "ready").exists():
        _run([sys.executable, "-m", "venv", str(cache / "tools")])
        _run([str(python), "-m", "pip", "install", "--quiet", JEDI])
        (cache / "tools" / "ready").touch()
    return Process([str(python), str(HERE / "python_names.py"), str(root)], cache / "gold.log")


def typescript(root: Path, cache: Path) -> Process:
    """JavaScript, TypeScript and TSX, by TypeScript's language service."""
    home = cache / "node"
    if not (home / "node_modules" / "typescript").is_dir():
        home.mkdir(parents=True, exist_ok=True)
        _run(["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(home), TYPESCRIPT])
    return Process(["node", str(HERE / "typescript_names.js"), str(root), str(home)], cache / "gold.log")


def go_types(root: Path, cache: Path) -> Process:
    """Go, by the type checker of its standard library."""
    program = cache / "go_names"
    source = HERE / "go_names.go"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        _run([_go(), "build", "-o", str(program), str(source)])
    return Process([str(program), str(root)], cache / "gold.log")


def _go() -> str:
    """The newest Go there is: code written for a newer one than the type checker's own loses names."""
    found = sorted(Path("/usr/lib").glob("go-1.*/bin/go"), key=lambda path: int(path.parts[3].split(".")[1]))
    return str(found[-1]) if found else "go"


def _run(command: Sequence[str]) -> None:
    if shutil.which(command[0]) is None:
        raise NoTool(f"{command[0]} is not installed")
    environment = {**os.environ, "GO111MODULE": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900, env=environment)
    if done.returncode:
        raise NoTool(f"{command[0]}: {(done.stderr or done.stdout).strip()[-300:]}")
