"""The seam: what an engine is asked, what it answers with, and what it can.

It is plain data both ways, so that an engine may be in this process, in another one, or a server on the network.

Nothing here knows documents, prompts, settings or devices.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import count
from threading import Event
from typing import Literal, Protocol

from ..decoding.copying.copy_texts import CopyTexts
from ..decoding.guide import Guide
from ..decoding.sampling import GREEDY, LineSearch, Sampling
from ..decoding.scores import LikelyToken
from ..tokenizer import Tokenizer

BYTES_PER_TOKEN = 3
"""Of an estimate. Code has more of them, whatever the vocabulary."""
State = Literal["not loaded", "loading", "ready", "failed"]
End = Literal["end", "length", "time", "unsure"]
"""Why a completion ended: the model said so, it may have no more tokens, its time was over, or no line is as likely as
was wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much an engine takes, in tokens, and how.

    `context_tokens`: prompt and completion together. `prompt_tokens`: the longest prompt whose first token comes soon.
    `longest_prompt_tokens`: no prompt may be longer; it sinks where memory was full. `suffix_tokens`: how much of the
    text behind the cursor is worth it, since every keystroke moves it and has it computed again. `is_local`: whether
    the text stays on this machine. `takes_ids`: whether a prompt is token ids; else it is text. `takes_suffix`: whether
    that text is prefix and suffix, which the engine puts together as its model wants them. `takes_guides`: whether a
    text can be held to what a request's `guide` says.
    """

    context_tokens: int
    prompt_tokens: int
    longest_prompt_tokens: int
    suffix_tokens: int
    is_local: bool
    takes_ids: bool
    takes_suffix: bool = False
    takes_guides: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """The model that an engine runs.

    `summary`: which one, where, and why. `family`: the prompts that it was trained with, where a catalogue says so.
    `tokenizer`: None where only the engine has it. `notice`: what keeps it from being as fast as it could be here, and
    what to do. `copies`: whether it mixes copies of the text at hand into its choice, for which a request names the
    texts. `version`: another number for another model, or for other limits, of this engine or of another; see
    `new_version`.
    """

    name: str
    summary: str
    family: str | None
    limits: Limits
    tokenizer: Tokenizer | None
    notice: str | None = None
    copies: bool = False
    version: int = 0

    def count_tokens(self, text: str) -> int:
        """Tokens of a text within one line; an estimate, rather too high, where the tokenizer is not known."""
        if self.tokenizer is not None:
            return self.tokenizer.count(text)
        return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


_versions = count(1)


def new_version() -> int:
    """A number that no `EngineInfo` of this process had before, whichever engine's it is. From any thread."""
    return next(_versions)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupText:
    """What drafts may be copied from, as token ids: the text before the hole, other files included, and behind it."""

    before: tuple[int, ...]
    after: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlToken:
    """One control token in a prompt, by its spelling. Text beside it is text, even where it spells the same."""

    spelling: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRequest:
    """What one completion asks for.

    `ids`: the prompt, for an engine that takes ids; `prefix` and `suffix`: the same as text, for others; `pieces`: that
    text in the order that the model wants it, with its control tokens, for one that takes one text. `key`: the
    document, whose KV cache it goes on with; what is asked of one is answered in order. `version`: the `EngineInfo`
    that the prompt was made for. `stop_ids`: what ends the text. `guide`: how the text has to go on. `copies`: what it
    may copy from, for an engine that does. `search`: how the likeliest line is looked for. `time_limit_s`: what is
    complete by then is the answer. `alternatives`: of how many of the likeliest tokens at each place it is told how
    likely they are, where the engine can say. `is_ahead`: nobody has asked for it yet; it waits for those that somebody
    asks for, and ends with `Cancelled` where one of its key comes.
    """

    ids: tuple[int, ...] = ()
    prefix: str = ""
    suffix: str = ""
    pieces: tuple[str | ControlToken, ...] = ()
    key: str = ""
    version: int = 0
    max_new_tokens: int
    sampling: Sampling = GREEDY
    stop_ids: frozenset[int] = frozenset()
    guide: Guide | None = None
    lookup: LookupText | None = None
    copies: CopyTexts | None = None
    search: LineSearch | None = None
    time_limit_s: float | None = None
    alternatives: int = 0
    is_ahead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of a prompt, and how many of them needed no computing."""

    prompt_tokens: int
    reused_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some more of a completion. `log_probability`: of all its tokens together; None where the engine does not say.
    `likeliest`: the alternatives that the request asks for, where the piece is one token and the engine can say. `end`
    with the last piece, whose probability is that of what ended it; `usage` as soon as it is known."""

    text: str
    ids: tuple[int, ...] = ()
    log_probability: float | None = None
    likeliest: tuple[LikelyToken, ...] = ()
    end: End | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What an engine is doing. `reason`: which model and why, or why none. `idle`: it has nothing to do."""

    state: State
    reason: str
    idle: bool


class InfoChanged(Exception):
    """Not an error: the engine runs another model by now, or takes shorter prompts. Ask for its `info` again."""


class Engine(Protocol):
    """One model that completes. Every method may be called from any thread, and none but `stream` and `close` waits."""

    @property
    def status(self) -> Status: ...

    def info(self) -> Future[EngineInfo]:
        """What the engine runs, once it does. The future raises `ModelError` where it cannot run anything."""
        ...

    def stream(self, request: CompletionRequest, cancel: Event) -> Generator[Piece, None, None]:
        """The completion, as it comes; whoever stops iterating stops the engine.

        Raises `Cancelled` soon after `cancel` is set, `InfoChanged` where the prompt was made for another `info`, and
        `ModelError`.
        """
        ...

    def warm(self, request: CompletionRequest, cancel: Event) -> None:
        """Has a prompt computed that will be asked for soon; does not wait for it, and tells of no errors."""
        ...

    def forget(self, key: str) -> None:
        """Gives back what is kept for a document that was closed."""
        ...

    def close(self, timeout_s: float) -> bool:
        """Stops everything; False where it does not stop in time."""
        ...
