"""The first process of a sandbox: builds the file system that a program sees, runs it in limits, says how it ended.

It stands alone: its text is given to an interpreter with `-c`, in the new namespaces, and needs the standard library.
It is process 1 there: nothing inside can signal it, and when it ends the kernel ends all the others.

argv[1]: the settings as JSON, see `sandbox.py`. Standard input: the program. Standard output: one line of JSON.
"""

# It starts for every program: what `pathlib` takes to import is a third of that.
# ruff: noqa: PTH103, PTH116, PTH120, PTH123, PTH208, PTH211, S108

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import platform
import resource
import select
import stat
import sys
import time
from typing import Any, NoReturn

# <linux/mount.h>, <sys/mount.h>, <linux/prctl.h>, <linux/securebits.h>; mount_setattr has one number everywhere.
_NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_REMOUNT, _RDONLY, _DETACH = 32, 1, 2
_MOUNT_SETATTR, _AT_RECURSIVE, _AT_FDCWD = 442, 0x8000, -100
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "loongarch64": 41, "ppc64le": 203, "s390x": 217}
_SET_DUMPABLE, _DROP_BOUNDING, _SECUREBITS, _NO_NEW_PRIVILEGES = 4, 24, 28, 38
_NO_ROOT_EVER = 0x2F
_CAPABILITY_VERSION = 0x20080522
_ROOT = "/sys"  # any folder that is there: what is mounted on it becomes the new root
_DEVICES = ("null", "zero", "random", "urandom")
_INODES = 4096
_TAIL_BYTES = 2000
_POLL_MS = 20
_PROGRAM, _ENDED = 4, 3  # file descriptors of the program

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    settings = json.loads(sys.argv[1])
    text = sys.stdin.buffer.read()
    _check("prctl", libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0))  # no one inside may trace this process
    if settings["mounts"]:
        _mount_all(settings)
    output, ended, child = _started(settings, text)
    end, tail = _watched(settings, child, output)
    token = _read_all(ended) if end == "exit" else b""
    if end == "exit":
        end = "passed" if token == settings["token"].encode() else "error"
    line = json.dumps({"end": end, "detail": tail.decode("utf-8", "replace")})
    os.write(1, line.encode())
    os._exit(0)


def _check(what: str, result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind)]
    given = None if data is None else data.encode()
    _check(f"mount {target}", libc.mount(*texts, ctypes.c_ulong(flags), given))


def _mount_all(settings: dict[str, Any]) -> None:
    """A file system of its own: what is listed, read only, one empty folder of a bounded size, and nothing else."""
    _mount("none", "/", None, _REC | _PRIVATE)
    if settings["uid"] is None:  # a user namespace of our own: none below it, where a container lets that be said
        with contextlib.suppress(OSError), open("/proc/sys/user/max_user_namespaces", "w") as file:
            file.write("0")
    _mount("tmpfs", _ROOT, "tmpfs", _NOSUID | _NODEV, f"size=1m,nr_inodes={_INODES},mode=0755")
    os.makedirs(f"{_ROOT}/tmp")
    size = f"size={settings['folder_bytes']},nr_inodes={_INODES},mode=1777"
    _mount("tmpfs", f"{_ROOT}/tmp", "tmpfs", _NOSUID | _NODEV, size)
    for path in settings["binds"]:  # one of them may lie below /tmp
        _bind_read_only(path)
    for name, target in settings["links"]:
        os.symlink(target, _ROOT + name)
    for name in ("/dev", "/proc", "/etc"):
        os.makedirs(_ROOT + name, exist_ok=True)
    for name in _DEVICES:
        os.close(os.open(f"{_ROOT}/dev/{name}", os.O_CREAT, 0o666))
        _mount(f"/dev/{name}", f"{_ROOT}/dev/{name}", None, _BIND)
    _mount("proc", f"{_ROOT}/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    _mount("none", _ROOT, None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV)
    os.chdir(_ROOT)
    _check("pivot_root", libc.syscall(ctypes.c_long(_PIVOT_ROOT[platform.machine()]), b".", b"."))
    _check("umount", libc.umount2(b".", _DETACH))
    os.chdir("/")


def _bind_read_only(path: str) -> None:
    target = _ROOT + path
    if stat.S_ISDIR(os.stat(path).st_mode):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT, 0o644))
    _mount(path, target, None, _BIND | _REC)
    # struct mount_attr: what is set, what is cleared, the propagation, a user namespace. With all mounts below.
    attributes = (ctypes.c_uint64 * 4)(_RDONLY | _NOSUID | _NODEV, 0, 0, 0)
    arguments = (_MOUNT_SETATTR, _AT_FDCWD, target.encode(), _AT_RECURSIVE, ctypes.byref(attributes))
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    _check(f"mount_setattr {path}", libc.syscall(*arguments, size))


def _started(settings: dict[str, Any], text: bytes) -> tuple[int, int, int]:
    """Starts the program. Gives where its output, and what it says at its very end, can be read, and its process."""
    program = os.memfd_create("program", 0)
    os.write(program, text) if len(text) < 1 << 16 else os.fdopen(os.dup(program), "wb").write(text)
    os.fchmod(program, 0o444)
    output, writes_output = os.pipe()
    ended, writes_ended = os.pipe()
    nothing = os.open("/dev/null", os.O_RDWR)
    child = os.fork()
    if child == 0:
        try:
            _become_program(settings, (nothing, writes_output, writes_output, writes_ended, program))
        except BaseException as error:  # noqa: BLE001  (there is nobody to raise it to)
            os.write(writes_output, f"sandbox: {error}\n".encode())
        os._exit(127)
    os.close(writes_output)
    os.close(writes_ended)
    return output, ended, child


def _become_program(settings: dict[str, Any], files: tuple[int, ...]) -> NoReturn:
    os.setsid()
    _check("prctl", libc.prctl(_SET_DUMPABLE, 1, 0, 0, 0))  # else the next file is root's
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    for target, source in enumerate([fcntl.fcntl(file, fcntl.F_DUPFD, 100) for file in files]):
        os.dup2(source, target)
    os.closerange(len(files), 4096)
    for name, limit in settings["resources"].items():
        resource.setrlimit(getattr(resource, name), (limit, limit))
    if settings["mounts"]:
        _drop_privileges(settings["uid"])
    _check("prctl", libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    os.chdir("/tmp")
    os.execve(settings["command"][0], settings["command"], settings["environment"])  # noqa: S606


def _drop_privileges(uid: int | None) -> None:
    """No capabilities, none to be had again; as another user where this one is the system's root."""
    number = 0
    while libc.prctl(_DROP_BOUNDING, number, 0, 0, 0) == 0:
        number += 1
    _check("prctl", libc.prctl(_SECUREBITS, _NO_ROOT_EVER, 0, 0, 0))
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _check("capset", libc.capset(ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)())))


def _watched(settings: dict[str, Any], child: int, output: int) -> tuple[str, bytes]:
    """Waits for the end of the program, or of its time, memory, processes or output, or for that of whoever asked.
    Gives which, and the last of what it printed."""
    ends_at = time.monotonic() + settings["time_s"]
    exit_of_child, asker = os.pidfd_open(child), settings["asker"]
    poll = select.poll()
    for file in (output, exit_of_child, asker):
        poll.register(file, select.POLLIN)
    printed, tail = 0, b""
    while True:
        ready = dict(poll.poll(_POLL_MS))
        if asker in ready:
            os._exit(1)
        if output in ready:
            text = os.read(output, 1 << 16)
            printed += len(text)
            tail = (tail + text)[-_TAIL_BYTES:]
            if not text:
                poll.unregister(output)
        if printed > settings["output_bytes"]:
            return "output", tail
        if exit_of_child in ready:
            return "exit", (tail + _read_all(output))[-_TAIL_BYTES:]
        if time.monotonic() > ends_at:
            return "time", tail
        excess = _excess(settings)
        if excess is not None:
            return excess, tail
        _reap(child)


def _read_all(file: int) -> bytes:
    """What is there to read now; a process left behind may hold the other end for ever."""
    os.set_blocking(file, False)
    text = b""
    try:
        while part := os.read(file, 1 << 16):
            text = (text + part)[-_TAIL_BYTES:]
    except BlockingIOError:
        pass
    return text


def _excess(settings: dict[str, Any]) -> str | None:
    """Whether all processes together are too many, or hold too much memory."""
    pages = processes = 0
    for name in os.listdir("/proc"):
        if not name.isdecimal() or name == "1":
            continue
        processes += 1
        try:
            with open(f"/proc/{name}/statm", "rb") as file:
                pages += int(file.read().split()[1])
        except (OSError, IndexError):
            continue  # it has ended meanwhile
    if processes > settings["processes"]:
        return "processes"
    return "memory" if pages * resource.getpagesize() > settings["memory_bytes"] else None


def _reap(child: int) -> None:
    """Takes note of orphans that have ended, which count as processes until then; not of the program itself."""
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None or found.si_pid == child:
            return
        os.waitpid(found.si_pid, 0)


if __name__ == "__main__":
    main()
