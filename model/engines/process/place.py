"""Where the engine process of a user is met: the folder of its socket, its token and its lock.

It names them and checks that nobody but the user can reach them. What is said on the socket is `handshake`'s.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ...errors import EngineUnreachable

_MODEL_FOLDER = Path(__file__).resolve().parents[2]
_MAX_PATH_BYTES = 103
"""Of a Unix socket: macOS has room for 104 with the closing zero, Linux for 108."""
_PREFIX = "engine-"
_DECIDE = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "LOCALAPPDATA",
           "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH")  # fmt: skip
_DECIDE_BY_PREFIX = ("HF_", "HUGGINGFACE_", "TRANSFORMERS_", "CUDA_", "NVIDIA_", "HIP_", "ROCR_", "HSA_", "PYTORCH_",
                     "TORCH_", "OMP_", "MKL_", "KMP_", "OPENBLAS_", "BNB_")  # fmt: skip
_DO_NOT_DECIDE = ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "HF_TOKEN", "HF_TOKEN_PATH")
"""The first two a process sets for itself; the others are for downloads, which an engine never makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePlace:
    """`folder`: the user's own, mode 0700. `name`: of one engine in it; several are there at a time where environments
    differ."""

    folder: Path
    name: str

    @property
    def socket(self) -> Path:
        """Of the Unix socket, mode 0600."""
        return self.folder / f"{self.name}.sock"

    @property
    def token(self) -> Path:
        """The file of the random token, mode 0600, as long as an engine runs."""
        return self.folder / f"{self.name}.token"

    @property
    def lock(self) -> Path:
        """Locked while an engine runs or is being started."""
        return self.folder / f"{self.name}.lock"

    @property
    def pipe(self) -> str:
        """What takes the socket's place on Windows: pipes have a name that is one for the whole machine."""
        return rf"\\.\pipe\seekline-{_digest(str(self.folder))}-{self.name}"


def place_for_user() -> EnginePlace:
    """The place of this user, for the environment of this process. Nothing is made or looked at there."""
    folders = list(_runtime_folders())
    name = _PREFIX + _digest("\0".join(_what_decides(folders[0])))
    for folder in folders:
        place = EnginePlace(folder=folder, name=name)
        if len(os.fsencode(place.socket)) <= _MAX_PATH_BYTES:
            return place
    return EnginePlace(folder=folders[-1], name=name)


def places_in(folder: Path) -> list[EnginePlace]:
    """Those where an engine has been started, of whatever environment, by their names."""
    try:
        found = sorted(path.stem for path in folder.iterdir() if path.suffix == ".token")
    except OSError:
        return []
    return [EnginePlace(folder=folder, name=name) for name in found if name.startswith(_PREFIX)]


def make_folder(place: EnginePlace) -> None:
    """Makes the folder where it is missing. Raises `EngineUnreachable` where it can't, or where others can get in."""
    folder = place.folder
    try:
        folder.mkdir(mode=0o700, parents=sys.platform == "win32", exist_ok=True)
    except OSError as error:
        raise EngineUnreachable(
            f"The folder {folder}, where editors meet to share one engine, cannot be made: {error.strerror}.",
            "Set XDG_RUNTIME_DIR to a folder of your own.",
        ) from error
    if sys.platform == "win32":
        return
    try:
        _check_folder(folder)
    except OSError as error:
        raise EngineUnreachable(
            f"The folder {folder} cannot be looked at: {error.strerror}.", "Set XDG_RUNTIME_DIR to one of your own."
        ) from error


def _check_folder(folder: Path) -> None:
    """Raises `EngineUnreachable` unless it is a folder, no link, that only the user can look into and replace."""
    status, parent = folder.lstat(), folder.parent.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise EngineUnreachable(f"{folder} is no folder.", f"Remove it: `rm {folder}`.")
    if status.st_uid != os.geteuid():
        raise EngineUnreachable(
            f"{folder} belongs to another user, who could listen there in place of the engine.",
            "Set XDG_RUNTIME_DIR to a folder of your own.",
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise EngineUnreachable(f"Others may enter {folder}.", f"Run `chmod 700 {folder}`.")
    if parent.st_mode & stat.S_IWOTH and not parent.st_mode & stat.S_ISVTX:
        raise EngineUnreachable(
            f"Others may replace {folder}: anybody may write to {folder.parent}.",
            f"Run `chmod +t {folder.parent}`, or set XDG_RUNTIME_DIR to a folder of your own.",
        )


def _runtime_folders() -> Iterator[Path]:
    """Where the user's processes meet, the best first; the paths of the later ones are shorter."""
    if sys.platform == "win32":
        yield platformdirs.user_state_path("seekline", appauthor=False) / "engine"
        return
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(given) and _is_own(Path(given)):  # noqa: PTH117
        yield Path(given) / "seekline"
    own = f"seekline-{os.geteuid()}"
    given = os.environ.get("TMPDIR", "")
    if os.path.isabs(given):  # noqa: PTH117
        yield Path(given) / own
    yield Path("/tmp") / own  # noqa: S108 - it is checked to be the user's own before it is used


def _is_own(folder: Path) -> bool:
    """Whether the user's login has made it: another user's stays in the environment after `su`."""
    try:
        status = folder.stat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _what_decides(folder: Path) -> Iterator[str]:
    """All of this process's surroundings that decide how models run, and which there are."""
    yield str(folder)
    yield str(_MODEL_FOLDER)
    yield sys.prefix
    for name, value in sorted(os.environ.items()):
        if name in _DO_NOT_DECIDE:
            continue
        if name in _DECIDE or name.startswith(_DECIDE_BY_PREFIX):
            yield f"{name}={value}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
