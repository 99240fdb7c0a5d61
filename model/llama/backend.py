"""Our own forward pass behind the engine's interface."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from threading import Event

import torch

from ..memory import as_out_of_memory, is_out_of_memory
from .native.network import NativeLlama
from .network import KeyValues, Llama
from .steps import WIDEST, Record, Steps

log = logging.getLogger(__name__)


class LlamaBackend:
    """See `model.backend.Backend`.

    `vocabulary_size` cuts the logits: ids beyond it are padding of the embedding. `record` makes decode steps that the
    device replays; None runs every step anew. The logits of a step are overwritten by the next one.
    """

    def __init__(
        self, network: Llama | NativeLlama, *, context_tokens: int, vocabulary_size: int, record: Record | None = None
    ) -> None:
        self._network = network
        self._steps = Steps(network, record) if record and isinstance(network, Llama) else None
        self.context_tokens = context_tokens
        self._vocabulary_size = vocabulary_size
        self.device = str(network.device)

    @property
    def kv_bytes_per_token(self) -> int:
        shape = self._network.shape
        return 2 * shape.layers * shape.kv_size * self._network.dtype.itemsize

    def new_kv(self, capacity_tokens: int) -> KeyValues:
        with as_out_of_memory(self.device), torch.inference_mode():
            return KeyValues(self._network.shape, capacity_tokens, device=self.device, dtype=self._network.dtype)

    def forward(self, ids: Sequence[int], kv: KeyValues, cancel: Event, *, logits: int = 1) -> torch.Tensor:
        with as_out_of_memory(self.device), torch.inference_mode():
            found = self._recorded(ids, kv) if len(ids) == logits <= WIDEST else None
            if found is None:
                inputs = torch.tensor(ids, device=self.device)
                found = self._network.forward(inputs, kv, logits=logits, cancel=cancel)
        kv.length += len(ids)
        return found[:, : self._vocabulary_size]

    def _recorded(self, ids: Sequence[int], kv: KeyValues) -> torch.Tensor | None:
        """A step as the device recorded it; None where it does not record. A product that cannot be recorded, as of a
        library that waits for the device, costs speed and no completion."""
        if self._steps is None:
            return None
        try:
            return self._steps.run(ids, kv)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            log.warning("Steps are not recorded on %s, and so slower: %s", self.device, error)
            self._steps = None
            return None
