"""What of the file system a program in a sandbox sees: an interpreter and the system's libraries, no user's files."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..errors import NoSandbox

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
_LINKER = ("/etc/ld.so.cache", "/etc/alternatives")  # where libraries are, which some interpreters are found by
_QUESTION = "import json, sys; print(json.dumps([sys.executable, sys.prefix, sys.base_prefix]))"
_ANSWER_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python to run programs with. `folders`: what it consists of. `has_packages`: whether a program may import what
    is installed beside the standard library."""

    path: str
    folders: tuple[str, ...]
    has_packages: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """`binds`: paths that are shown as they are, read only. `links`: names of the root folder, and where they lead."""

    binds: tuple[str, ...]
    links: tuple[tuple[str, str], ...]


def own_interpreter() -> Interpreter:
    """The Python that runs this, without what a virtual environment adds."""
    found = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    return Interpreter(path=str(found), folders=(sys.base_prefix,), has_packages=False)


def interpreter_at(path: Path) -> Interpreter:
    """Another one, with its packages. Raises `NoSandbox` where it does not run, or shows a home folder."""
    try:
        asked = subprocess.run(
            [path, "-I", "-c", _QUESTION], capture_output=True, check=True, timeout=_ANSWER_S, encoding="utf-8"
        )
        executable, prefix, base = json.loads(asked.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise NoSandbox(f"{path} is no Python that runs: {error}.", "Name the `python` of an environment.") from error
    for folder in (prefix, base):
        if Path.home().resolve().is_relative_to(Path(folder).resolve()) or folder == "/":
            raise NoSandbox(
                f"{path} lies in {folder}, which a program would see with your home folder.",
                "Name the `python` of a virtual environment.",
            )
    return Interpreter(path=executable, folders=(prefix, base), has_packages=True)


def places_for(interpreter: Interpreter) -> Places:
    """What a program needs to run with this interpreter."""
    binds: list[str] = []
    links: list[tuple[str, str]] = []
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            links.append((name, str(path.readlink())))
        elif path.is_dir():
            binds.append(name)
    binds += [name for name in _LINKER if Path(name).exists()]
    for name in interpreter.folders:
        for folder in dict.fromkeys((name, str(Path(name).resolve()))):
            if not any(Path(folder).is_relative_to(bind) for bind in binds):
                binds.append(folder)
    return Places(binds=tuple(binds), links=tuple(links))
