"""A model in memory: what generates, what guides and mixes it, and which adapter runs beside its weights."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING, Any

from ..backends.interface import Backend, RunsAdapters, SharesWeights
from ..decoding.engine_core import EngineCore
from ..decoding.logits import check_useful
from ..decoding.vocabulary_index import VocabularyIndex
from ..errors import BrokenAdapter, BrokenCheckpoint, UnsupportedAdapter
from ..tokenizer import Tokenizer
from .plan import Plan

if TYPE_CHECKING:
    from ..backends.llama.adapter import AdapterWeights
    from ..decoding.copying.mixture import Mixer
    from ..decoding.copying.mixture_weights import MixtureWeights

_PASSED_TOKENS = 8


class LoadedModel:
    """A model in memory: the owner of its weights and its KV cache. `mixture`: None where none was fitted for it."""

    def __init__(
        self,
        plan: Plan,
        tokenizer: Tokenizer,
        engine: EngineCore[Any],
        mixture: MixtureWeights | None,
        backend: Backend[Any],
        weights: object = None,
    ) -> None:
        """`plan`: without the adapter that is yet to run beside the weights. `weights`: what stands for them, where
        others have them, too."""
        self.plan = plan
        self.weights = weights or object()
        self._backend = backend
        self.tokenizer = tokenizer
        self.engine = engine
        self._mixture = mixture

    @cached_property
    def vocabulary_index(self) -> VocabularyIndex:
        """What guides look tokens up in; made when the first one asks."""
        return VocabularyIndex.of(self.tokenizer)

    def twin(self, *, kv_limit_bytes: int) -> LoadedModel | None:
        """Another one over the same weights in memory, for another thread, with no adapter and nothing computed; None
        where this one cannot share them, or `kv_limit_bytes` have no room for a sequence. From any thread."""
        backend, plan = self._backend, self.plan
        if not isinstance(backend, SharesWeights) or plan.merges_adapter or plan.draft is not None:
            return None
        limit = min(kv_limit_bytes, plan.kv_limit_bytes)
        if limit < min(plan.sequence_tokens * backend.kv_bytes_per_token, plan.kv_limit_bytes):
            return None
        plan = replace(plan, adapter=None, notice=None, kv_limit_bytes=limit)
        other = backend.twin()
        engine = self.engine.twin(other, kv_limit_bytes=limit)
        return LoadedModel(plan, self.tokenizer, engine, self._mixture, other, self.weights)

    def adapt(self, plan: Plan, weights: AdapterWeights | None) -> None:
        """Has the adapter of `plan`, or none, run beside the weights; `plan` is this model's in all else. What was
        computed before is forgotten.

        Raises `BrokenAdapter`, `UnsupportedAdapter` and `OutOfMemory`, and then runs without any.
        """
        if not isinstance(self._backend, RunsAdapters):
            raise UnsupportedAdapter(f"{plan.source.name} runs no adapters here.", "Set adapter = none.")
        self.engine.forget_all()
        self.plan = replace(plan, adapter=None)
        self._backend.adapt(None)  # whose memory the next one may need
        if weights is None:
            return
        try:
            self._backend.adapt(weights)
            check_useful(self._backend.forward([0] * _PASSED_TOKENS, self._backend.new_kv(_PASSED_TOKENS), Event()))
        except BaseException as error:
            self._backend.adapt(None)
            if not isinstance(error, BrokenCheckpoint):
                raise
            raise BrokenAdapter(
                f"With the adapter {plan.adapter.path if plan.adapter else ''} the model computes no finite numbers.",
                "Name another adapter, or set adapter = none.",
            ) from error
        self.plan = plan

    def forget(self, key: Hashable) -> None:
        """Gives back what is kept for a document that was closed; with the last one, the texts to copy from, too."""
        self.engine.forget(key)
        if not self.engine.kv_bytes and "mixer" in vars(self) and self.mixer is not None:
            self.mixer.index.clear()

    @cached_property
    def mixer(self) -> Mixer | None:
        """What mixes copies into the model's choice; None for a model without fitted weights. Made when first asked."""
        from ..decoding.copying.mixture import Mixer

        return Mixer(self._mixture, self.tokenizer, self.vocabulary_index) if self._mixture is not None else None
