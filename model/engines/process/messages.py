"""What an editor and the engine process say to each other once they have met: plain data, as MessagePack.

Requests carry a number of the editor's; what answers one repeats it. Who says anything else is hung up on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from ...errors import Cancelled, ModelError, PathNotAgreed
from ...tokenizer import Tokenizer
from ..engine import CompletionRequest, EngineInfo, InfoChanged, Limits, Piece, State
from ..wanted import LocalModel, Report


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Of either side."""


class Load(Message, frozen=True, kw_only=True):
    """What is wanted from now on. `agreed`: the folders and files that may be loaded; None: all. `again`: even where it
    has failed."""

    wanted: LocalModel
    agreed: tuple[Path, ...] | None
    again: bool


class AskInfo(Message, frozen=True, kw_only=True):
    """Answered by `Known` or `Failed`, once it is loaded."""

    number: int


class Texts(Message, frozen=True, kw_only=True):
    """Texts that later requests name by number, and which of those before they will not name any more."""

    new: dict[int, str]
    dropped: tuple[int, ...]


class KnownTexts(msgspec.Struct, frozen=True, kw_only=True):
    """`CopyTexts`, whose `others` were sent before."""

    before: str
    after: str
    others: tuple[int, ...]


class Ask(Message, frozen=True, kw_only=True):
    """A completion, answered by `Pieces` and then `Done` or `Failed`; with `warms` its prompt alone is computed. The
    request's own `copies` are none."""

    number: int
    request: CompletionRequest
    copies: KnownTexts | None
    warms: bool


class Cancel(Message, frozen=True, kw_only=True):
    """Nobody waits for the answer any more."""

    number: int


class Forget(Message, frozen=True, kw_only=True):
    key: str


ToEngine: TypeAlias = Load | AskInfo | Texts | Ask | Cancel | Forget


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownInfo:
    """`EngineInfo`, whose tokenizer is read from where it lies. `vocabulary`: how many ids the model knows."""

    name: str
    summary: str
    family: str | None
    limits: Limits
    notice: str | None
    copies: bool
    version: int
    tokenizer: Path | None
    vocabulary: int


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An exception. `kind`: the name of its class; `path`, `what`: as `PathNotAgreed` has them."""

    kind: str
    problem: str
    remedy: str = ""
    path: Path | None = None
    what: str = ""


class Reported(Message, frozen=True, kw_only=True):
    """`Report`, with its parts as they cross."""

    message: str
    done: bool
    error: str | None
    warning: bool
    refused: Failure | None
    info: KnownInfo | None


class Known(Message, frozen=True, kw_only=True):
    number: int
    info: KnownInfo


class Pieces(Message, frozen=True, kw_only=True):
    number: int
    pieces: tuple[Piece, ...]


class Done(Message, frozen=True, kw_only=True):
    number: int


class Failed(Message, frozen=True, kw_only=True):
    number: int
    failure: Failure


ToEditor: TypeAlias = Reported | Known | Pieces | Done | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientStatus:
    """Who is connected. `since`: in seconds of the epoch. `model`: what it wants; None before it has said so.
    `requests`: how many wait for an answer."""

    name: str
    pid: int
    since: float
    model: str | None
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """`bytes`: what it may take with all its KV caches, 0 while it is not loaded. `clients`: how many want it."""

    name: str
    summary: str
    state: State
    bytes: int
    clients: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStatus:
    """`memory_bytes`: of the process and its children, as the system counts what is in memory."""

    clients: tuple[ClientStatus, ...]
    models: tuple[ModelStatus, ...]
    memory_bytes: int


def encode(message: Message) -> bytes:
    return _encoder.encode(message)


def decode_for_engine(data: bytes) -> ToEngine:
    """Raises `msgspec.DecodeError`, and what the classes of a request raise for values that cannot be."""
    return _for_engine.decode(data)


def decode_for_editor(data: bytes) -> ToEditor:
    """Raises as `decode_for_engine` does."""
    return _for_editor.decode(data)


def known_info(info: EngineInfo) -> KnownInfo:
    tokenizer = info.tokenizer
    return KnownInfo(
        name=info.name,
        summary=info.summary,
        family=info.family,
        limits=info.limits,
        notice=info.notice,
        copies=info.copies,
        version=info.version,
        tokenizer=None if tokenizer is None else tokenizer.path,
        vocabulary=0 if tokenizer is None else tokenizer.size,
    )


def info_of_known(known: KnownInfo, version: int) -> EngineInfo:
    """The same in this process, where it has another version. Raises what `Tokenizer` raises."""
    tokenizer = None if known.tokenizer is None else Tokenizer(known.tokenizer, embeddings=known.vocabulary)
    return EngineInfo(
        name=known.name,
        summary=known.summary,
        family=known.family,
        limits=known.limits,
        tokenizer=tokenizer,
        notice=known.notice,
        copies=known.copies,
        version=version,
    )


def reported(report: Report) -> Reported:
    return Reported(
        message=report.message,
        done=report.done,
        error=report.error,
        warning=report.warning,
        refused=None if report.refused is None else failure(report.refused),
        info=None if report.info is None else known_info(report.info),
    )


def failure(error: BaseException) -> Failure:
    if isinstance(error, PathNotAgreed):
        return Failure(kind=_name(error), problem=error.problem, remedy=error.remedy, path=error.path, what=error.what)
    if isinstance(error, ModelError):
        return Failure(kind=_name(error), problem=error.problem, remedy=error.remedy)
    return Failure(kind=_name(error), problem=str(error))


def error_of(failure: Failure) -> Exception:
    """The exception that `failure` stands for. One that is none of ours is a `RuntimeError`, since it is a fault."""
    if failure.kind == PathNotAgreed.__name__ and failure.path is not None:
        return PathNotAgreed(failure.path, failure.what)
    if failure.kind in _PLAIN:
        return _PLAIN[failure.kind](*([failure.problem] if failure.problem else []))
    kind = _MODEL_ERRORS.get(failure.kind)
    if kind is None:
        return RuntimeError(f"in the engine process: {failure.kind}: {failure.problem}")
    if kind.__init__ is ModelError.__init__:
        return kind(failure.problem, failure.remedy)
    return ModelError(failure.problem, failure.remedy)


_PLAIN: dict[str, type[Exception]] = {"Cancelled": Cancelled, "InfoChanged": InfoChanged, "ValueError": ValueError}
_MODEL_ERRORS: dict[str, type[ModelError]] = {kind.__name__: kind for kind in ModelError.__subclasses__()}


def _name(error: BaseException) -> str:
    return type(error).__name__


def _as_plain(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"{type(value)} does not cross")


def _as_path(kind: type, value: Any) -> Path:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(f"{kind} does not cross")


_encoder = msgspec.msgpack.Encoder(enc_hook=_as_plain)
_for_engine = msgspec.msgpack.Decoder(ToEngine, dec_hook=_as_path)
_for_editor = msgspec.msgpack.Decoder(ToEditor, dec_hook=_as_path)
