"""Runs a program that a model wrote where it can do no harm, and says how it ended.

No network, no file of the user, no process but its own, an empty folder of bounded size, and limits on time, memory,
processes and output. Linux only, by namespaces: through util-linux's `unshare`, or bubblewrap. What starts a program is
tried for real before it is used; where neither contains it, nothing is run.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import NoSandbox, SandboxFailed
from .sandbox_places import Interpreter, Places, own_interpreter, places_for

End = Literal["passed", "error", "time", "memory", "processes", "output", "killed"]
Method = Literal["bubblewrap", "unshare", "unshare as root"]
_STAGE = Path(__file__).with_name("sandbox_stage.py")
_FOLDER = "/tmp"  # noqa: S108  (in the sandbox, where it is the program's own)
_START_S = 30.0
"""How long namespaces and an interpreter may take to come up, on a busy machine."""
# Ids that no distribution gives to anyone (systemd's documentation, "Users, Groups, UIDs and GIDs on systemd systems").
_FIRST_UID, _UIDS = 60578, 600
_uids = itertools.count()
_REMEDY = "Run without execution, or in a Linux machine, container or WSL that allows user namespaces, with bubblewrap."


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`memory_bytes`: of all processes together; `address_bytes` of each. `folder_bytes`: of all files together."""

    time_s: float = 10.0
    memory_bytes: int = 1 << 30
    address_bytes: int = 2 << 30
    folder_bytes: int = 64 << 20
    file_bytes: int = 16 << 20
    output_bytes: int = 1 << 20
    processes: int = 32


LIMITS_WITH_PACKAGES = Limits(time_s=120.0, memory_bytes=4 << 30, address_bytes=32 << 30, processes=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`end`: "passed" where the program came to its end, "error" where it ended before, else the limit that it met.
    `detail`: the last that it printed."""

    end: End
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A way to contain programs that was found to work."""

    method: Method
    interpreter: Interpreter
    places: Places


def find_sandbox(interpreter: Interpreter | None = None) -> Sandbox:
    """The first way that contains a program here. Raises `NoSandbox`, which says why each does not."""
    if not sys.platform.startswith("linux"):
        raise NoSandbox("Programs that a model wrote are run on Linux only: nothing else here contains them.", _REMEDY)
    interpreter = interpreter or own_interpreter()
    reasons: list[str] = []
    for method in _methods():
        sandbox = Sandbox(method=method, interpreter=interpreter, places=places_for(interpreter))
        why_not = _why_not(sandbox)
        if why_not is None:
            return sandbox
        reasons.append(f"{method}: {why_not}")
    raise NoSandbox(f"Nothing here contains a program: {'; '.join(reasons)}.", _REMEDY)


def run(sandbox: Sandbox, program: str, limits: Limits = Limits()) -> Outcome:
    """Runs a program to its end or to a limit; nothing of it is left. From any thread. Raises `SandboxFailed`."""
    try:
        return _run(sandbox, program, limits)
    except SandboxFailed:
        # The kernel may have killed the sandbox itself for want of memory: then others still start.
        _run(sandbox, "", limits)
        return Outcome(end="killed")


def _methods() -> tuple[Method, ...]:
    """The kernel sets no limit to the number of root's processes, so that for root a program runs as someone else."""
    return ("unshare as root",) if os.geteuid() == 0 else ("bubblewrap", "unshare")


def _run(sandbox: Sandbox, program: str, limits: Limits) -> Outcome:
    token = secrets.token_hex(16)
    # The program's very last act: one that leaves before has not passed, whatever its exit code.
    text = f"{program}\n__import__('os').write(3, b'{token}')\n"
    asker, held_open = os.pipe()  # closes with this process, which ends the sandbox
    try:
        process = subprocess.Popen(
            _command(sandbox, _settings(sandbox, limits, token, asker)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(asker,),
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath)},
            start_new_session=True,
        )
        try:
            out, err = process.communicate(text.encode("utf-8", "replace"), timeout=limits.time_s + _START_S)
        except subprocess.TimeoutExpired:
            out, err = b"", b"it did not answer"
        finally:
            process.kill()
            process.wait()
    finally:
        os.close(asker)
        os.close(held_open)
    return _outcome(out, err)


def _outcome(out: bytes, err: bytes) -> Outcome:
    try:
        return Outcome(**json.loads(out))
    except (ValueError, TypeError) as error:
        last = err.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise SandboxFailed(f"The sandbox did not start: {last or 'it was killed'}.", _REMEDY) from error


def _settings(sandbox: Sandbox, limits: Limits, token: str, asker: int) -> dict[str, Any]:
    """What `sandbox_stage.py` is told."""
    flags = ["-s", "-B", *([] if sandbox.interpreter.has_packages else ["-S"])]
    return {
        "mounts": sandbox.method != "bubblewrap",
        "binds": sandbox.places.binds,
        "links": sandbox.places.links,
        "uid": _FIRST_UID + next(_uids) % _UIDS if sandbox.method == "unshare as root" else None,
        "command": [sandbox.interpreter.path, *flags, "/proc/self/fd/4"],
        # Not `-I`, which would not take the seed: sets have the same order in each run. Nobody else sets a variable.
        "environment": {
            "PATH": "/usr/bin:/bin",
            "HOME": _FOLDER,
            "TMPDIR": _FOLDER,
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "PYTHONSAFEPATH": "1",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
        "resources": {
            "RLIMIT_AS": limits.address_bytes,
            "RLIMIT_CORE": 0,
            "RLIMIT_CPU": math.ceil(limits.time_s) + 1,
            "RLIMIT_FSIZE": limits.file_bytes,
            "RLIMIT_NPROC": limits.processes,
        },
        "token": token,
        "asker": asker,
        "time_s": limits.time_s,
        "memory_bytes": limits.memory_bytes,
        "folder_bytes": limits.folder_bytes,
        "output_bytes": limits.output_bytes,
        "processes": limits.processes,
    }


def _command(sandbox: Sandbox, settings: dict[str, Any]) -> list[str]:
    # Of the interpreter that runs this, so that one with packages starts no more than once.
    stage = [own_interpreter().path, "-I", "-S", "-c", _STAGE.read_text("utf-8"), json.dumps(settings)]
    if sandbox.method != "bubblewrap":
        user = [] if sandbox.method == "unshare as root" else ["--user", "--map-root-user"]
        spaces = ["--net", "--pid", "--mount", "--ipc", "--uts", "--fork", "--kill-child"]
        return ["unshare", *user, *spaces, "--", *stage]
    shown = [part for path in sandbox.places.binds for part in ("--ro-bind", path, path)]
    links = [part for name, target in sandbox.places.links for part in ("--symlink", target, name)]
    folder = ["--size", str(settings["folder_bytes"]), "--tmpfs", _FOLDER]
    spaces = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--as-pid-1"]
    spaces += ["--cap-drop", "ALL"]
    # Without the last two, both could be written to without a bound.
    kernel = ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev", "--remount-ro", "/"]
    return ["bwrap", *spaces, *folder, *shown, *links, *kernel, "--", *stage]


def _why_not(sandbox: Sandbox) -> str | None:
    """Why this way does not contain a program; None where it does. One is run that tries to get out."""
    program = "bwrap" if sandbox.method == "bubblewrap" else "unshare"
    if shutil.which(program) is None:
        return f"there is no {program}"
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        planted = Path(folder) / "planted"
        planted.write_text("seen", "utf-8")
        home = Path.home()
        shown = {Path(bind).relative_to(home).parts[0] for bind in sandbox.places.binds if _is_below(bind, home)}
        port = listener.getsockname()[1]
        attempt = _PROBE.format(planted=str(planted), home=str(home), shown=shown, port=port)
        try:
            outcome = _run(sandbox, attempt, Limits(time_s=_START_S))
        except SandboxFailed as error:
            return error.problem
    if outcome.end != "passed":
        return f"a program that tried to get out ended with {outcome.end}: {outcome.detail.strip()[-300:]}"
    return None


def _is_below(path: str, folder: Path) -> bool:
    return Path(path) != folder and Path(path).is_relative_to(folder)


_PROBE = """
import os, socket
assert not os.path.exists({planted!r}), "it sees files"
assert os.listdir(".") == [], "its folder is not empty"
if os.path.isdir({home!r}):
    assert set(os.listdir({home!r})) <= {shown!r}, "it sees the home folder"
try:
    socket.create_connection(("127.0.0.1", {port}), 5)
except OSError:
    pass
else:
    raise SystemExit("it has a network")
try:
    os.kill(1, 9)
except OSError:
    pass
"""
