"""What can go wrong with a model. Every error says what is wrong and what to do about it.

    ModelError
    ├── UnknownModel             no catalogue entry, folder or repository has this name
    ├── PathNotAgreed            a folder or file that the user has not agreed to load
    ├── BrokenAdapter            an adapter whose files are missing, cut short or contradict each other
    ├── UnsupportedAdapter       an adapter of another kind than plain LoRA, or for another model
    ├── ModelNotInstalled        known, but not on this machine
    ├── UnreadableFile           a file from outside that is none, too large, too deep, or not of its format
    ├── BrokenCheckpoint         a folder that lacks files, or whose files are cut short or contradict each other
    ├── UnsafeWeights            weights that only unpickling could read
    ├── UnsupportedArchitecture  an architecture that transformers does not know, or that cannot rewind
    ├── UnsupportedTokenizer     a tokenizer with parts that no model that writes code has
    ├── UnsupportedDevice        a device that this machine or this torch lacks
    ├── UnsupportedQuantization  a quantization that the device or the installation lacks
    ├── VocabularyMismatch       a model that cannot draft for another, whose tokens are others
    ├── OutOfMemory              the device is full
    ├── EngineDied               a process that computed for us has ended
    ├── EngineUnreachable        the process that computes for all editors can be neither found nor started
    ├── ChatRefused              messages that a model's chat template does not take, or a template that is none
    ├── PromptTooLong            a prompt beyond the model's context
    ├── DownloadFailed           offline, refused, or interrupted
    └── RemoteFailed             a server that is not there, refuses, is too slow, or answers with what is no answer

`Cancelled` is no error: it says that nobody waits for the answer any more. Nor is `MustWait`: others are under way.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path


class ModelError(Exception):
    """`problem` names the thing that is wrong, `remedy` the way out; both are whole sentences."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


class UnknownModel(ModelError):
    pass


class PathNotAgreed(ModelError):
    """`path`: of the folder or file, canonical. `what` it is named as."""

    def __init__(self, path: Path, what: str = "a model") -> None:
        self.path = path
        self.what = what
        self.can_be_shown = str(path).isprintable()
        """A repository chooses the name: nothing in it may look like more of a message."""
        super().__init__(
            f"{path if self.can_be_shown else ascii(str(path))} is named as {what} by a workspace or an "
            "editor's settings, not by your own.",
            f"If you trust what is in it, agree once: {trust_command(path)}"
            if self.can_be_shown
            else "To load it, first give it a name without control characters.",
        )

    @property
    def question(self) -> str:
        return (
            f"This workspace or your editor's settings name {self.path} as {self.what}. Load it? No code in it is run, "
            "but what it writes is only as good as whoever made it."
        )


def trust_command(path: Path) -> str:
    """What to type in a shell to agree to load `path`."""
    quoted = subprocess.list2cmdline([str(path)]) if sys.platform == "win32" else shlex.quote(str(path))
    return f"seekline models trust {quoted}"


class ModelNotInstalled(ModelError):
    pass


class UnreadableFile(ModelError):
    """`name`: whose content it is. `fault`: what is wrong, as the end of a sentence that begins with the name."""

    def __init__(self, name: str | Path, fault: str, remedy: str = "Mend the file, or take it away.") -> None:
        super().__init__(f"{name} {fault}.", remedy)
        self.fault = fault


class BrokenCheckpoint(ModelError):
    pass


class UnsafeWeights(ModelError):
    pass


class BrokenAdapter(ModelError):
    pass


class UnsupportedAdapter(ModelError):
    pass


class UnsupportedArchitecture(ModelError):
    pass


class UnsupportedTokenizer(ModelError):
    pass


class UnsupportedDevice(ModelError):
    pass


class UnsupportedQuantization(ModelError):
    pass


class VocabularyMismatch(ModelError):
    pass


class OutOfMemory(ModelError):
    pass


class EngineDied(ModelError):
    pass


class EngineUnreachable(ModelError):
    pass


class ChatRefused(ModelError):
    pass


class PromptTooLong(ModelError):
    pass


class DownloadFailed(ModelError):
    pass


class RemoteFailed(ModelError):
    pass


class Cancelled(Exception):
    """Raised where work stops because its `cancel` event was set, or because newer work took its place."""


class MustWait(Exception):
    """Raised where a request cannot begin before another one that is under way has ended: that one holds what it needs,
    as the memory of a KV cache. `prompt_passes`: how many its prompt would take, where that is known. `for_all`: not
    one has to end, but all."""

    def __init__(self, prompt_passes: int = 0, *, for_all: bool = False) -> None:
        super().__init__("what is under way has to end first")
        self.prompt_passes = prompt_passes
        self.for_all = for_all
