"""A model's own chat template: messages to token ids, as the model was trained with them.

A template is a small program from the model's files, so it runs in Jinja's sandbox, with bounds on its time and on what
it may multiply. What a message says never becomes a control token; what the template writes around it may.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

from .catalogue.checkpoint import gguf_file, is_weights_file, read_table
from .catalogue.gguf_file import read_gguf_header
from .errors import ChatRefused, UnreadableFile
from .outside import read_bytes
from .tokenizer import Tokenizer

_CONFIG, _TEMPLATE = "tokenizer_config.json", "chat_template.jinja"
_GGUF_ENTRY = "tokenizer.chat_template"
_DEFAULT = "default"
_MAX_TEMPLATE_BYTES = 1_000_000
_MAX_CHARACTERS = 8_000_000
_WITHIN_S = 2.0
_KEPT = 8
_NO_METHODS = frozenset(
    {"center", "ljust", "rjust", "zfill", "expandtabs", "format", "format_map", "translate", "join"}
)
"""Of texts: each can make much of little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """`role`: system, user, assistant or what else a template knows."""

    role: str
    content: str


class ChatTemplate:
    """The template of one model."""

    def __init__(self, source: str, tokenizer: Tokenizer, names: dict[str, str]) -> None:
        """`names`: what the template may call the model's tokens, `bos_token` and the like. Raises `ChatRefused`."""
        import jinja2

        self._tokenizer = tokenizer
        self._names = names
        try:
            self._template = _environment().from_string(source)
        except jinja2.TemplateError as error:
            raise _refusal(f"cannot be read: {error}") from error
        tokens = sorted(tokenizer.control_tokens, key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, tokens))) if tokens else None

    def encode(self, messages: Sequence[ChatMessage]) -> list[int]:
        """The ids of a conversation, up to where the assistant's answer begins. Raises `ChatRefused`."""
        ids: list[int] = []
        text = ""
        for piece, is_ours in self._pieces(messages):
            if is_ours and self._is_control(piece):
                ids += self._tokenizer.encode_text(text)
                ids.append(self._tokenizer.control_id(piece))
                text = ""
            else:
                text += piece
        return ids + self._tokenizer.encode_text(text)

    def _is_control(self, piece: str) -> bool:
        return self._control is not None and self._control.fullmatch(piece) is not None

    def _pieces(self, messages: Sequence[ChatMessage]) -> Iterator[tuple[str, bool]]:
        """What the template writes (True), control tokens apart, and what the messages say (False)."""
        whole = self._render(messages)
        if self._control is None or not any(self._control.search(message.content) for message in messages):
            yield from self._split(whole)
            return
        marks = [f"\ue000{uuid4().hex}\ue001" for _ in messages]
        marked = self._render([ChatMessage(role=m.role, content=mark) for m, mark in zip(messages, marks, strict=True)])
        for said in ([m.content for m in messages], [m.content.strip() for m in messages]):
            pieces = list(self._filled(marked, dict(zip(marks, said, strict=True))))
            if "".join(piece for piece, _ in pieces) == whole:
                yield from pieces
                return
        raise _refusal("does more with a message than to repeat it, and a message spells a control token")

    def _filled(self, marked: str, said: dict[str, str]) -> Iterator[tuple[str, bool]]:
        for part in re.split("(\ue000[0-9a-f]{32}\ue001)", marked):
            if part in said:
                yield said[part], False
            else:
                yield from self._split(part)

    def _split(self, text: str) -> Iterator[tuple[str, bool]]:
        if self._control is None:
            yield text, True
            return
        end = 0
        for found in self._control.finditer(text):
            yield text[end : found.start()], True
            yield found[0], True
            end = found.end()
        yield text[end:], True

    def _render(self, messages: Sequence[ChatMessage]) -> str:
        import jinja2

        given = [{"role": message.role, "content": message.content} for message in messages]

        def render() -> str:
            return self._template.render(messages=given, add_generation_prompt=True, **self._names)

        try:
            text = _bounded(render)
        except (jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise _refusal(f"refuses these messages: {error}") from error
        if len(text) > _MAX_CHARACTERS:
            raise _refusal("writes too much")
        return text


@lru_cache(_KEPT)
def chat_template_of(tokenizer: Tokenizer) -> ChatTemplate | None:
    """The template beside a model's tokenizer, or in its GGUF file; None where it has none.

    Needs Jinja (the extra `http`). Raises `ChatRefused` for one that cannot be read.
    """
    path = tokenizer.path
    try:
        config = read_table(path.parent if is_weights_file(path) else path, _CONFIG) or {}
        source = _source(path, config)
    except UnreadableFile as error:
        raise _refusal(error.fault) from error
    return None if source is None else ChatTemplate(source, tokenizer, _names_in(config, tokenizer))


def _source(path: Path, config: dict[str, Any]) -> str | None:
    folder = path.parent if is_weights_file(path) else path
    if (folder / _TEMPLATE).is_file():
        return read_bytes(folder / _TEMPLATE, limit_bytes=_MAX_TEMPLATE_BYTES).decode("utf-8", "replace")
    found = config.get("chat_template")
    if isinstance(found, list):  # several, by name
        named = {one.get("name"): one.get("template") for one in found if isinstance(one, dict)}
        found = named.get(_DEFAULT)
    if isinstance(found, str):
        return found
    file = gguf_file(path)
    entry = None if file is None else read_gguf_header(file).metadata.get(_GGUF_ENTRY)
    return entry if isinstance(entry, str) else None


def _names_in(config: dict[str, Any], tokenizer: Tokenizer) -> dict[str, str]:
    names = {"bos_token": tokenizer.begin_token or "", "eos_token": ""}
    for name, token in config.items():
        text = token.get("content") if isinstance(token, dict) else token
        if name.endswith("_token") and isinstance(text, str):
            names[name] = text
    return names


def _environment() -> Any:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Environment(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**", "%"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
            if not numbers or (operator == "**" and max(abs(left), abs(right)) > 1000):
                raise jinja2.TemplateError(f"{operator} is for small numbers")
            return super().call_binop(context, operator, left, right)

        def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
            if isinstance(obj, str) and attr in _NO_METHODS:
                return False
            return super().is_safe_attribute(obj, attr, value)

    environment = Environment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"], undefined=jinja2.Undefined
    )
    for name in ("center", "format", "indent", "wordwrap", "pprint", "xmlattr"):
        environment.filters.pop(name, None)
    environment.globals.pop("lipsum", None)
    environment.globals["raise_exception"] = _raise
    return environment


def _raise(message: object) -> None:
    import jinja2

    raise jinja2.TemplateError(str(message))


class _TakesTooLong(Exception):
    pass


def _bounded(render: Callable[[], str]) -> str:
    """What `render` returns, which is interrupted where it does not come to an end. Raises what it raises."""
    texts: list[str] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            texts.append(render())
        except BaseException as error:  # noqa: BLE001 - raised by who waits
            errors.append(error)

    thread = Thread(target=run, name="seekline-template", daemon=True)
    thread.start()
    thread.join(_WITHIN_S)
    if thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_TakesTooLong))
        raise _refusal("does not come to an end")
    if errors:
        raise errors[0]
    return texts[0]


def _refusal(what: str) -> ChatRefused:
    return ChatRefused(f"The model's chat template {what}.", "Ask at /v1/completions, with a prompt of your own.")
