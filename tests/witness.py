"""Who watches a process: Python's own audit hook in it, and strace around it.

What they saw comes as `Deed`s, which tests compare with what the process may do.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from seekline import model

Kind = Literal["read", "code", "process", "network"]

# It runs before anything else of the process, and writes with one system call a line, which threads do not mix.
HOOK = """
import json, os, sys
_log = os.open(os.environ["WITNESS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
def _watch(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], (str, bytes)):
        # Where it leads to at this moment; it fails where it ends in a link that must not be followed.
        kind, what = "read", os.path.abspath(os.fsdecode(arguments[0]))
        stays = event == "open" and arguments[2] is not None and arguments[2] & os.O_NOFOLLOW
        if stays:
            what = os.path.join(os.path.realpath(os.path.dirname(what)), os.path.basename(what))
        else:
            what = os.path.realpath(what)
    elif event == "exec":
        kind, what = "code", getattr(arguments[0], "co_filename", "")
    elif event == "import" and arguments[1]:
        kind, what = "code", arguments[1]
    elif event == "ctypes.dlopen" and arguments[0]:
        kind, what = "code", os.fspath(arguments[0])
    elif event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "pty.spawn"):
        kind, what = "process", event + " " + repr(arguments[:2])
    elif event == "socket.__new__":
        kind, what = "network", "family %d" % arguments[1]
    elif event.startswith("socket."):
        kind, what = "network", event + " " + repr(arguments[1:])
    else:
        return
    os.write(_log, json.dumps([kind, what]).encode() + b"\\n")
sys.addaudithook(_watch)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that the process did. `what`: the path of a file, or what else there is to say of it."""

    kind: Kind
    what: str


class AuditHook:
    """Sees what Python does: code that it runs or imports, files that it opens, processes and sockets."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "audit.log"
        (folder / "hook").mkdir()
        (folder / "hook" / "sitecustomize.py").write_text(HOOK, "utf-8")
        self.environment = {"PYTHONPATH": str(folder / "hook"), "WITNESS_LOG": str(self._log)}
        self.command: list[str] = []
        self.own = (str(folder),)

    def deeds(self) -> Iterator[Deed]:
        for line in self._log.read_text("utf-8").splitlines():
            kind, what = json.loads(line)
            yield Deed(kind=kind, what=what)


_CALLS = "open,openat,openat2,execve,execveat,socket,connect,bind,sendto"
_OPENED = re.compile(r"(?:<\.\.\. )?open.* = \d+<(.*)>(?:\(deleted\))?$")  # where it led to
_ESCAPE = re.compile(r"\\([0-7]{1,3}|.)")


class Strace:
    """Sees what the process asks of the system, also beside Python: Linux with strace only."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "strace.log"
        self.environment: dict[str, str] = {}
        self.command = ["strace", "-f", "-y", "-qq", "-s", "4096", "-e", f"trace={_CALLS}", "-o", str(self._log)]
        self.own = (str(folder),)

    def deeds(self) -> Iterator[Deed]:
        for line in self._log.read_text("utf-8", "backslashreplace").splitlines():
            call = line.split(maxsplit=1)[1]
            found = _OPENED.match(call)
            if found is not None:
                yield Deed(kind="read", what=_ESCAPE.sub(_unescaped, found[1]))
            elif call.startswith(("execve", "execveat")):
                if "= -1 ENOENT" not in call:
                    yield Deed(kind="process", what=call)
            elif call.startswith(("socket(", "connect(", "bind(")) or "sa_family" in call:
                yield Deed(kind="network", what=call)


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 8)) if found[1].isdigit() else found[1]


@cache
def why_no_strace() -> str | None:
    """Why there can be no strace here; None where it works."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], capture_output=True, text=True)
    return None if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip()}"


def may_read(home: Path) -> Mapping[str, str]:
    """The places that a server reads beside the repository, each with the reason."""
    places = {
        sys.prefix: "the environment that Seekline is installed in",
        sys.base_prefix: "Python itself",
        sys.exec_prefix: "its compiled parts",
        str(model.embedded_folder()): "the embedded model",
        str(Path(__file__).parents[1]): "Seekline, where it is installed from a clone",
        str(home / "config" / "seekline"): "the user's settings",
        str(home / "state" / "seekline"): "which model folders the user has agreed to",
        str(home / "huggingface"): "models that were downloaded",
        str(home / ".cache"): "caches of the libraries, and of quantized weights",
        "/proc": "what memory and processors there are",
        "/sys": "the same",
        "/dev": "random numbers, shared memory, GPUs",
        "/usr/lib": "libraries of the system",
        "/lib": "the same",
        "/lib64": "the same",
        "/usr/local/lib": "the same",
        "/usr/share": "time zones, locales, certificates",
        "/etc/ld.so.cache": "where libraries of the system are",
        "/etc/ld.so.preload": "the same",
        "/etc/localtime": "the time in the log",
        "/etc/locale.alias": "names of locales",
        "/usr/lib64": "libraries of the system",
        "/etc/os-release": "which system this is",
        "/etc/ssl/openssl.cnf": "OpenSSL reads its settings when it is loaded",
        "/usr/bin": "the program itself",
    }
    for path in sys.path:  # where packages are installed elsewhere than in the environment
        if path:
            places[str(Path(path).resolve())] = "installed packages"
    return places


def lies_in(path: str, places: Mapping[str, str] | tuple[str, ...]) -> bool:
    return any(path == place or path.startswith(place.rstrip("/") + "/") for place in places)
