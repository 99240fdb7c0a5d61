"""A model in this process, as an engine runs it: what is asked becomes tokens, and tokens become pieces of text."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

from ..decoding.prompt_lookup import PromptLookup
from ..decoding.request import Pause, Request
from ..decoding.scores import TokenScores
from ..errors import Cancelled
from ..loading.load import read_adapter_of
from ..loading.loaded_model import LoadedModel
from ..loading.plan import Plan
from ..tokenizer import Decoder, Tokenizer
from .engine import CompletionRequest, Piece, Usage

if TYPE_CHECKING:
    from ..decoding.copying.mixture import Mixture
    from ..decoding.request import DraftSource


class InProcessRunner:
    """See `runner.ModelRunner`."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._loaded = loaded

    @property
    def plan(self) -> Plan:
        return self._loaded.plan

    @property
    def tokenizer(self) -> Tokenizer:
        return self._loaded.tokenizer

    @property
    def weights(self) -> object:
        return self._loaded.weights

    @property
    def has_ended(self) -> bool:
        return False

    def adapt(self, plan: Plan) -> None:
        self._loaded.adapt(plan, read_adapter_of(plan))

    def twin(self, *, kv_limit_bytes: int) -> InProcessRunner | None:
        loaded = self._loaded.twin(kv_limit_bytes=kv_limit_bytes)
        return None if loaded is None else InProcessRunner(loaded)

    def write(self, request: CompletionRequest, cancel: Event) -> Iterator[Piece | Pause]:
        return _write(self._loaded, request, cancel)

    def warm(self, request: CompletionRequest, cancel: Event) -> Iterator[Pause]:
        asked = Request(max_new_tokens=0, cancel=cancel, key=request.key)
        for step in self._loaded.engine.steps(request.ids, asked):
            if isinstance(step, Pause):
                yield step

    def forget(self, key: str) -> None:
        self._loaded.forget(key)

    def close(self) -> None:
        pass  # memory comes back with the last reference


def _write(loaded: LoadedModel, request: CompletionRequest, cancel: Event) -> Iterator[Piece | Pause]:
    usage = Usage(prompt_tokens=len(request.ids), reused_tokens=loaded.engine.reusable_tokens(request.ids))
    deadline_s = None if request.time_limit_s is None else monotonic() + request.time_limit_s
    decoder, written = Decoder(loaded.tokenizer), 0
    scores = TokenScores(alternatives=request.alternatives)
    mixture = _mixture_of(request, loaded, cancel)
    asked = Request(
        max_new_tokens=request.max_new_tokens,
        cancel=cancel,
        sampling=request.sampling,
        stop_ids=request.stop_ids,
        key=request.key,
        guide=None if request.guide is None else request.guide.start(loaded.vocabulary_index),
        mixture=mixture,
        search=request.search,
        lookup=_drafts_of(request, mixture),
        deadline_s=deadline_s,
        scores=scores,
    )
    for step in loaded.engine.steps(request.ids, asked):
        if isinstance(step, Pause):
            yield step
            continue
        found = scores.log_probabilities[written] if written < len(scores.log_probabilities) else None
        likeliest = scores.likeliest[written] if written < len(scores.likeliest) else ()
        written += 1
        yield Piece(text=decoder.feed(step), ids=(step,), log_probability=found, likeliest=likeliest, usage=usage)
    is_late = deadline_s is not None and monotonic() >= deadline_s
    end = "length" if written >= request.max_new_tokens else "time" if is_late else "end"
    if mixture is not None and request.search is not None and not scores.log_probabilities:
        end = "unsure"
    of_end = scores.log_probabilities[written:]
    yield Piece(text=decoder.finish(), log_probability=sum(of_end) if of_end else None, end=end, usage=usage)


def _mixture_of(request: CompletionRequest, loaded: LoadedModel, cancel: Event) -> Mixture | None:
    def check() -> None:
        if cancel.is_set():
            raise Cancelled

    if request.copies is None or loaded.mixer is None:
        return None
    must = b"" if request.guide is None else request.guide.must_start
    return loaded.mixer.start(request.copies, must, check)


def _drafts_of(request: CompletionRequest, mixture: Mixture | None) -> DraftSource | None:
    if request.lookup is None:
        return None
    if mixture is not None:  # which agrees most with what it copies itself
        return mixture.drafts()
    return PromptLookup(request.lookup.before, after=request.lookup.after, barriers=request.stop_ids)
