"""A model that llama.cpp computes, as an engine runs it: one child process, started again where prompts outgrow it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import cached_property
from threading import Event
from time import monotonic

from ...decoding.request import BETWEEN_STEPS, Pause
from ...decoding.vocabulary_index import VocabularyIndex
from ...errors import Cancelled, MustWait, PromptTooLong
from ...loading.llama_cpp_devices import index_of
from ...loading.plan import Plan
from ...tokenizer import Decoder, Tokenizer
from ..engine import CompletionRequest, End, Piece, Usage
from ..http.failures import HttpFailure
from .client import Asked, LlamaClient
from .decoding import Decided, decide
from .process import ServerProcess, ServerSettings
from .sequences import SequenceMap

log = logging.getLogger(__name__)

_MOST_SEQUENCES = 8
_LEAST_SEQUENCES = 2
_CPU_BATCH_TOKENS = 64
_GPU_BATCH_TOKENS = 512
_STRIDE_TOKENS = 256
_CPU_SEQUENCE_TOKENS = 2048
"""Of a sequence at first: its memory is taken at once, and nobody waits for longer prompts on a CPU."""
_PASSED_TOKENS = 8
_HTTP_ENDS_WITHIN_S = 5.0


class LlamaCppRunner:
    """See `runner.ModelRunner`. Belongs to the thread that makes it, with which Linux ends its process, too.

    The server computes prompts in the order of its sequences, each to its end. So a prompt is asked for in pieces of a
    batch, and between two of them another request may have its turn. Tokens of several sequences it computes together:
    one that is written goes on meanwhile.
    """

    def __init__(self, plan: Plan, tokenizer: Tokenizer, *, threads: int, report: Callable[[str], None]) -> None:
        """Raises what `ServerProcess` raises, and `BrokenCheckpoint` where the weights yield no numbers."""
        self._plan = plan
        self._tokenizer = tokenizer
        self._threads = threads
        self._report = report
        is_on_cpu = plan.device.kind == "cpu"
        self._start(min(plan.sequence_tokens, _CPU_SEQUENCE_TOKENS) if is_on_cpu else plan.sequence_tokens)
        try:
            self._check()
        except BaseException:
            self.close()
            raise

    @property
    def plan(self) -> Plan:
        return self._plan

    @property
    def tokenizer(self) -> Tokenizer:
        return self._tokenizer

    @property
    def weights(self) -> object:
        return self

    @property
    def has_ended(self) -> bool:
        return self._process.has_ended

    @property
    def process_id(self) -> int:
        return self._process.pid

    @cached_property
    def _vocabulary_index(self) -> VocabularyIndex:
        return VocabularyIndex.of(self._tokenizer)

    def write(self, request: CompletionRequest, cancel: Event) -> Iterator[Piece | Pause]:
        asked = self._asked(request)
        with self._sequences.held(asked.slot):
            yield from self._write(asked, request, cancel)

    def _write(self, asked: Asked, request: CompletionRequest, cancel: Event) -> Iterator[Piece | Pause]:
        limit = min(request.max_new_tokens, self._plan.checkpoint.context_tokens - len(request.ids))
        request = replace(request, max_new_tokens=limit)
        guide = None if request.guide is None else request.guide.start(self._vocabulary_index)
        decoder = Decoder(self._tokenizer)
        usage = Usage(prompt_tokens=len(request.ids), reused_tokens=0)
        reused: int | None = None
        written = 0
        end: End = "end"
        of_end: float | None = None
        until = _Until(cancel, request.time_limit_s)
        try:
            reused = yield from self._prefill(asked, until)
            with self._deaths(until), closing(decide(self._client, asked, request, guide, until)) as tokens:
                for token in tokens:
                    if not written:
                        self._sequences.note(asked.slot, asked.ids)
                        usage = replace(usage, reused_tokens=token.reused_tokens if reused is None else reused)
                    if token.ends:
                        of_end = token.log_probability
                        break
                    written += token.tokens
                    yield _piece(token, decoder, usage)
                    yield BETWEEN_STEPS
        except Cancelled:
            if cancel.is_set() or not until.is_late:
                raise
            end = "time"
        if written >= limit:
            end = "length"
        yield Piece(text=decoder.finish(), log_probability=of_end, end=end, usage=usage)

    def warm(self, request: CompletionRequest, cancel: Event) -> Iterator[Pause]:
        asked = self._asked(request)
        with self._sequences.held(asked.slot):
            yield from self._prefill(asked, cancel)
            self._compute(asked, len(asked.ids), cancel)

    def _prefill(self, asked: Asked, cancel: Event) -> Generator[Pause, None, int | None]:
        """Has all but the last batch of a prompt computed, batch by batch; how many tokens needed no computing, where
        it asked."""
        batch, reused = self._settings.batch_tokens, None
        start = self._sequences.computed(asked.slot, asked.ids)
        while True:
            left = len(asked.ids) - start
            yield Pause(-(-left // batch))
            if left <= batch:
                return reused
            start += batch
            found = self._compute(asked, start, cancel)
            reused = found if reused is None else reused

    def _compute(self, asked: Asked, tokens: int, cancel: Event) -> int:
        ids = asked.ids[:tokens]
        with self._deaths(cancel):
            reused = self._client.compute(replace(asked, ids=ids), cancel=cancel)
        self._sequences.note(asked.slot, ids)
        return reused

    def twin(self, *, kv_limit_bytes: int) -> None:
        """None: the weights are the child's."""

    def adapt(self, plan: Plan) -> None:
        self._plan = plan  # which has no adapter: the planner sees to it

    def forget(self, key: str) -> None:
        self._sequences.forget(key)

    def close(self) -> None:
        self._client.close(_HTTP_ENDS_WITHIN_S)
        self._process.close()

    def _asked(self, request: CompletionRequest) -> Asked:
        """The prompt, and the sequence that computes it, where the server has room for it: else it is started again
        with more. Raises `PromptTooLong`, `MustWait`, and what the start of a server raises."""
        tokens, most = len(request.ids), self._plan.checkpoint.context_tokens
        if not tokens:
            raise ValueError("a prompt needs at least one token")
        if tokens >= most:
            raise PromptTooLong(
                f"The prompt has {tokens} tokens; the model's context has {most}.", "Lower the setting context_tokens."
            )
        needed = min(tokens + request.max_new_tokens, most)
        if needed > self._settings.context_tokens:
            if self._sequences.are_held:
                raise MustWait(for_all=True)
            log.info("llama.cpp is started again, for %s tokens", needed)
            self.close()
            self._start(max(needed, 2 * self._settings.context_tokens))
        slot = self._sequences.take(request.key, request.ids)
        self._sequences.note(slot, request.ids[: self._sequences.computed(slot, request.ids)])
        return Asked(ids=request.ids, slot=slot)

    def _start(self, tokens: int) -> None:
        """Starts a server whose sequences have room for so many tokens."""
        self._settings = _settings(self._plan, tokens, self._threads)
        self._process = ServerProcess(self._settings, self._report)
        self._client = LlamaClient(self._process.address)
        self._sequences = SequenceMap(self._settings.sequences)

    def _check(self) -> None:
        """Raises `BrokenCheckpoint` where the weights yield no numbers. It also warms the server up."""
        request = CompletionRequest(ids=(0,) * _PASSED_TOKENS, max_new_tokens=1)
        cancel = Event()
        with self._deaths(cancel), closing(decide(self._client, self._asked(request), request, None, cancel)) as tokens:
            for _ in tokens:
                pass
        self.forget(request.key)

    @contextmanager
    def _deaths(self, cancel: Event) -> Iterator[None]:
        """Raises `EngineDied` where the server can no longer be spoken with, and sees to it that it has ended. Whoever
        notices it first gives up the others' requests, too."""
        try:
            yield
        except (HttpFailure, Cancelled) as failure:
            if isinstance(failure, Cancelled) and (cancel.is_set() or not self.has_ended):
                raise
            death = self._process.death()
            log.warning("%s (%s)", death.problem, failure)
            self.close()
            raise death from failure


class _Until(Event):
    """Set as soon as another event is, or a time is over."""

    def __init__(self, cancel: Event, limit_s: float | None) -> None:
        super().__init__()
        self._cancel = cancel
        self._deadline_s = None if limit_s is None else monotonic() + limit_s

    @property
    def is_late(self) -> bool:
        return self._deadline_s is not None and monotonic() >= self._deadline_s

    def is_set(self) -> bool:
        return self._cancel.is_set() or self.is_late


def load_llama_cpp(plan: Plan, *, threads: int, report: Callable[[str], None]) -> LlamaCppRunner:
    """Raises what `LlamaCppRunner` and `Tokenizer` raise."""
    tokenizer = Tokenizer(plan.source.path, embeddings=plan.checkpoint.vocabulary)
    report(f"loading {plan.source.name} by llama.cpp")
    return LlamaCppRunner(plan, tokenizer, threads=threads, report=report)


def _piece(token: Decided, decoder: Decoder, usage: Usage) -> Piece:
    text = decoder.feed(token.id) if token.text is None else decoder.finish() + token.text
    return Piece(
        text=text, ids=(token.id,), log_probability=token.log_probability, likeliest=token.likeliest, usage=usage
    )


def _settings(plan: Plan, tokens: int, threads: int) -> ServerSettings:
    is_on_cpu = plan.device.kind == "cpu"
    context_tokens = min(-(-tokens // _STRIDE_TOKENS) * _STRIDE_TOKENS, plan.checkpoint.context_tokens)
    one_bytes = plan.checkpoint.kv_bytes_per_token * context_tokens
    sequences = plan.kv_limit_bytes // one_bytes if one_bytes else _LEAST_SEQUENCES
    return ServerSettings(
        path=plan.checkpoint.path,
        context_tokens=context_tokens,
        sequences=max(1, min(_MOST_SEQUENCES, sequences)),
        batch_tokens=_CPU_BATCH_TOKENS if is_on_cpu else _GPU_BATCH_TOKENS,
        threads=threads,
        gpu=None if is_on_cpu else index_of(plan.device),
    )
