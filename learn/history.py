"""What git tells of a repository: when each file was last changed, and which lines are not committed.

A cloned repository's configuration can name programs for git to run. None is: only commands that look at neither the
index nor the working tree are called (`rev-parse`, `ls-tree`, `log --name-only`, `cat-file`), so that there is no file
monitor, filter or text conversion; signatures, external diffs, hooks and every transport are switched off. What is not
committed is found by our own comparison.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Files that the newest commits up to this many did not touch have the time of the oldest of these.
_MAX_COMMITS = 20_000
_TIMEOUT_S = 60.0
# Beyond that, only lines that HEAD does not have at all count: a whole comparison takes more than linear time.
_MAX_COMPARED = 4_000 * 4_000
_MAX_BLOB_BYTES = 8_000_000
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"

_SWITCHED_OFF = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    "core.sshCommand=false",
    "core.alternateRefsCommand=false",
    "core.pager=false",
    "gpg.program=false",
    "gpg.ssh.program=false",
    "gpg.x509.program=false",
    "log.showSignature=false",
    "diff.external=",
    "credential.helper=",
    "protocol.allow=never",
)
# Of the environment's own: which configuration is read, and where the search for a repository ends.
_KEPT_VARIABLES = ("GIT_CONFIG", "GIT_CEILING_DIRECTORIES")


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Of a folder in a repository; paths are relative to the folder, with forward slashes.

    `problem`: why git tells nothing, or for a shallow clone no times; None without one. `times`: seconds since 1970 of
    the last commit that touched each file that HEAD has; `blobs`: the object of each; `submodules`: the folders that
    are repositories of their own.
    """

    root: Path
    problem: str | None = None
    times: Mapping[str, float] = field(default_factory=dict[str, float])
    blobs: Mapping[str, str] = field(default_factory=dict[str, str])
    submodules: frozenset[str] = frozenset()

    @staticmethod
    def of(root: Path) -> History:
        """Never raises."""
        try:
            return _read(root)
        except (_GitFailedError, OSError) as failed:
            return History(root=root, problem=str(failed))

    def changed(self, path: str) -> float | None:
        """Seconds since 1970 of the last commit that touched the file; None where that is not known."""
        return self.times.get(path)

    def is_untracked(self, path: str) -> bool:
        """Whether git would commit the file as a new one; never where git tells nothing, or of a submodule's file."""
        if not self.blobs or path in self.blobs:
            return False
        parts = path.split("/")
        return not any("/".join(parts[:count]) in self.submodules for count in range(1, len(parts)))

    def uncommitted_lines(self, path: str, text: str) -> frozenset[int]:
        """Numbers from 0 of the lines (ended by line feeds) that differ from HEAD's; all of an untracked file.

        None where git tells nothing, and where HEAD's file is too large, not there (a partial clone), or kept by LFS.
        """
        lines = _lines_of(text)
        if self.is_untracked(path):
            return frozenset(range(len(lines)))
        blob = self.blobs.get(path)
        if blob is None or _is_blob(text, blob):
            return frozenset()
        try:
            size = int(_git(self.root, "cat-file", "-s", blob))
            committed = _git(self.root, "cat-file", "blob", blob) if size <= _MAX_BLOB_BYTES else None
        except _GitFailedError:
            return frozenset()
        if committed is None or committed.startswith(_LFS_POINTER):
            return frozenset()
        return _differing(_lines_of(committed.decode("utf-8-sig", "replace")), lines)


class _GitFailedError(Exception):
    pass


def _read(root: Path) -> History:
    if not root.is_dir():
        raise _GitFailedError(f"{root} is no folder")
    about = ("--is-bare-repository", "--is-inside-work-tree", "--is-shallow-repository")
    is_bare, is_inside, is_shallow = _git(root, "rev-parse", *about).decode().split()
    if is_bare == "true":
        raise _GitFailedError("the repository is bare: it has no files beside it")
    if is_inside != "true":
        raise _GitFailedError("the folder belongs to git's own")
    try:
        _git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except _GitFailedError as failed:
        raise _GitFailedError(str(failed) if failed.args[0] else "the repository has no commit yet") from failed
    blobs, submodules = _tree(_git(root, "ls-tree", "-r", "-z", "HEAD"))
    if is_shallow == "true":
        problem = "the repository is a shallow clone: it does not know when files were last changed"
        return History(root=root, problem=problem, blobs=blobs, submodules=submodules)
    return History(root=root, times=_times(root, blobs), blobs=blobs, submodules=submodules)


def _tree(listing: bytes) -> tuple[dict[str, str], frozenset[str]]:
    blobs: dict[str, str] = {}
    submodules: set[str] = set()
    for entry in listing.split(b"\0")[:-1]:
        about, _, name = entry.partition(b"\t")
        mode, kind, blob = about.decode().split()
        path = os.fsdecode(name)
        if kind == "commit":
            submodules.add(path)
        elif mode != "120000":  # no link
            blobs[path] = blob
    return blobs, frozenset(submodules)


def _times(root: Path, blobs: Mapping[str, str]) -> dict[str, float]:
    """The newest commit comes first; one that only merges touches nothing."""
    log = _git(
        root,
        *("log", "-z", "--name-only", "--format=%x01%ct", "--relative", f"--max-count={_MAX_COMMITS}"),
        *("--no-renames", "--no-ext-diff", "--no-textconv", "--no-show-signature", "--no-mailmap", "--no-notes"),
        *("--ignore-submodules=all", f"-O{os.devnull}", "HEAD", "--"),
    )
    times: dict[str, float] = {}
    time = 0.0
    for part in log.split(b"\0"):
        # Of a commit's files, the first stands behind a line feed.
        name = part.removeprefix(b"\n")
        path = os.fsdecode(name)
        if path in blobs:
            times.setdefault(path, time)
        elif name.startswith(b"\x01") and name[1:].isdigit():
            time = float(name[1:])
    for path in blobs:
        times.setdefault(path, time)
    return times


def _git(root: Path, command: str, *arguments: str) -> bytes:
    """What git writes. Raises `_GitFailedError` with what it complains of, in one line."""
    settings = [part for setting in _SWITCHED_OFF for part in ("-c", setting)]
    call = [_program(root), "--no-pager", "--no-optional-locks", "--no-replace-objects", *settings, command, *arguments]
    try:
        done = subprocess.run(
            call, cwd=root, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired as slow:
        raise _GitFailedError(f"git {command} took more than {_TIMEOUT_S:.0f} seconds") from slow
    except OSError as error:
        raise _GitFailedError(f"git cannot be run: {error}") from error
    if done.returncode != 0:
        complaint = done.stderr.decode("utf-8", "replace").strip()
        raise _GitFailedError(complaint.splitlines()[0] if complaint else "")
    return done.stdout


def _program(root: Path) -> str:
    found = shutil.which("git")
    if found is None:
        raise _GitFailedError("git is not installed")
    # A search path with a relative folder in it could find the repository's own.
    if not Path(found).is_absolute() or Path(found).resolve().is_relative_to(root.resolve()):
        raise _GitFailedError(f"{found} is not run: it could be the repository's own")
    return found


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if _is_kept(name)}
    return kept | {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        # Older ones know nothing of that: no transport is allowed, whatever the configuration allows.
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_SSH_COMMAND": "false",
        "GIT_ATTR_NOSYSTEM": "1",
    }


def _is_kept(name: str) -> bool:
    return not name.startswith("GIT_") or name.startswith(_KEPT_VARIABLES)


def _lines_of(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _is_blob(text: str, blob: str) -> bool:
    """Whether the text is the object: most files are, and need no call. Git's line ends may differ from the disk's."""
    for content in {text.encode("utf-8", "surrogatepass"), text.replace("\r\n", "\n").encode("utf-8", "surrogatepass")}:
        whole = b"blob %d\0" % len(content) + content
        digest = hashlib.sha256(whole) if len(blob) == 64 else hashlib.sha1(whole, usedforsecurity=False)
        if digest.hexdigest() == blob:
            return True
    return False


def _differing(old: list[str], new: list[str]) -> frozenset[int]:
    """Numbers of the new lines that do not stand in the old in the same order."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    if len(before) * len(after) > _MAX_COMPARED:
        known = set(before)
        return frozenset(start + number for number, line in enumerate(after) if line not in known)
    changed: set[int] = set()
    for kind, _, _, first, last in difflib.SequenceMatcher(None, before, after).get_opcodes():
        if kind != "equal":
            changed.update(range(start + first, start + last))
    return frozenset(changed)
