"""Greedy decoding that the device goes on with by itself: each step takes the token that the one before it chose."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

import torch

from ...loading.memory import as_out_of_memory
from .kv_cache import LlamaKVCache
from .steps import STOPPED, StepGraphs


class LlamaAsyncDecoding:
    """See `interface.AsyncDecoding`."""

    def __init__(self, steps: StepGraphs, logits: torch.Tensor, stop_ids: Collection[int]) -> None:
        self._steps = steps
        self._stop_ids = stop_ids
        with as_out_of_memory(steps.device), torch.inference_mode():
            steps.stop_at(stop_ids)
            self._chosen = steps.choose_from(logits)
            self._unread = deque([steps.fetch(self._chosen)])

    def resume(self) -> None:
        """The token that was chosen last is on the host; all else that choosing needs is made again from it."""
        token = self._unread.popleft()()
        self._unread.append(lambda: token)
        with as_out_of_memory(self._steps.device), torch.inference_mode():
            self._steps.stop_at(self._stop_ids)
            self._chosen = self._steps.integers([token])

    def launch(self, kv: LlamaKVCache) -> None:
        with as_out_of_memory(self._steps.device), torch.inference_mode():
            chosen = self._steps.choose(self._chosen, kv)
            self._unread.append(self._steps.fetch(chosen))
        self._chosen = chosen
        kv.length += 1

    def read(self) -> int | None:
        token = self._unread.popleft()()
        return None if token == STOPPED else token
