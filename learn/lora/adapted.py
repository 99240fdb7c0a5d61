"""A base model with an adapter beside its layers, on its device: losses, steps, and the adapter as it is saved.

The base never changes. Knows rows of ids, and nothing of texts, of time, or of which rows come when.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ...model.errors import OutOfMemory
from ...model.loading.memory import is_out_of_memory, release_memory
from ...model.loading.plan import Plan
from ...model.loading.pretrained import load_pretrained
from .base import Base
from .memory import Fit
from .options import Options
from .rows import Row, batches

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Adapted:
    """Owns the weights, the adapter and its optimizer. `pass_tokens`: of one pass through the model at the most; halved
    where memory is full, which changes no result."""

    def __init__(self, base: Base, options: Options, fit: Fit) -> None:
        """Loads the base. Raises what `load_pretrained` raises, and `OutOfMemory`."""
        with _as_out_of_memory(base.source.name):
            self._peft: Any = _with_adapter(_load(base, fit), options, base.source.name)
        self._model: Any = self._peft.get_base_model()
        self.pass_tokens = fit.pass_tokens
        self._device = fit.device.name
        self._autocast = fit.dtype == "bfloat16"
        if fit.checkpointing:
            with _quiet():  # of its name, which another one is to replace
                self._model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        self._trained = {name: value for name, value in self._peft.named_parameters() if value.requires_grad}
        self._optimizer = torch.optim.AdamW(
            self._trained.values(), lr=options.rate, betas=(0.9, 0.99), weight_decay=options.weight_decay
        )

    @property
    def parameters(self) -> int:
        return sum(value.numel() for value in self._trained.values())

    def learn(self, rows: Sequence[Row], *, rate: float, seed: int) -> float:
        """One step: the gradient of the mean loss of all targets, whatever fits one pass. Returns that loss in nats.

        Raises `OutOfMemory` where not even one row fits.
        """
        self._model.train()
        while True:
            try:
                loss = self._gradients(rows, seed)
                break
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                self._optimizer.zero_grad(set_to_none=True)
            self._halve(rows)
        torch.nn.utils.clip_grad_norm_(self._trained.values(), 1.0)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return loss

    @torch.no_grad()
    def losses(self, rows: Sequence[Row]) -> list[float]:
        """The sum of each row's losses, in nats. Raises `OutOfMemory`."""
        self._model.eval()
        found = [0.0] * len(rows)
        order = sorted(range(len(rows)), key=lambda number: len(rows[number].ids))
        waiting = batches(order, rows, self.pass_tokens)
        while waiting:
            group = waiting[0]
            try:
                sums = self._nats([rows[number] for number in group]).tolist()
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                sums = None
            if sums is None:
                self._halve([rows[number] for number in group])
                rest = [number for group in waiting for number in group]
                waiting = batches(rest, rows, self.pass_tokens)
                continue
            for number, nats in zip(group, sums, strict=True):
                found[number] = nats
            waiting.pop(0)
        return found

    def state(self) -> dict[str, Any]:
        """Adapter and optimizer, as `restore` takes them back."""
        return {"adapter": self.adapter(), "optimizer": self._optimizer.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.set_adapter(state["adapter"])
        self._optimizer.load_state_dict(state["optimizer"])

    def adapter(self) -> dict[str, Tensor]:
        """A copy of the adapter's matrices, on the CPU."""
        return {name: value.detach().to("cpu", copy=True) for name, value in self._trained.items()}

    @torch.no_grad()
    def set_adapter(self, tensors: Mapping[str, Tensor], scale: float = 1.0) -> None:
        """Takes these matrices; what they add to the base is multiplied by `scale`."""
        for name, value in self._trained.items():
            value.copy_(tensors[name] * (scale if "lora_B" in name else 1.0))

    def save(self, folder: Path) -> None:
        """Writes the adapter in PEFT's format: adapter_config.json, adapter_model.safetensors."""
        with _quiet():
            # Whether embeddings are to be saved, peft would ask the hub by the base's name.
            self._peft.save_pretrained(folder, safe_serialization=True, save_embedding_layers=False)
        (folder / "README.md").unlink(missing_ok=True)  # a model card to fill in

    def _gradients(self, rows: Sequence[Row], seed: int) -> float:
        total = sum(row.targets for row in rows)
        nats = 0.0
        for number, group in enumerate(batches(range(len(rows)), rows, self.pass_tokens)):
            torch.manual_seed(seed + number)  # of dropout
            loss = self._nats([rows[one] for one in group]).sum()
            (loss / total).backward()
            nats += loss.item()
        return nats / total

    def _nats(self, rows: Sequence[Row]) -> Tensor:
        """(rows,): the sum of each row's losses, float32.

        Padding stands on the right, where no other id sees it, so that no mask is needed; logits are made of targets
        only.
        """
        longest = max(len(row.ids) for row in rows) - 1
        inputs = torch.zeros(len(rows), longest, dtype=torch.int64)
        foretells = torch.zeros(len(rows), longest, dtype=torch.bool)
        for number, row in enumerate(rows):
            inputs[number, : len(row.ids) - 1] = torch.from_numpy(row.ids[:-1])
            foretells[number, row.first - 1 : len(row.ids) - 1] = True
        labels = torch.from_numpy(np.concatenate([row.ids[row.first :] for row in rows])).long()
        of_row = torch.tensor([number for number, row in enumerate(rows) for _ in range(row.targets)])
        with torch.autocast(self._device.partition(":")[0], torch.bfloat16, enabled=self._autocast):
            hidden = self._model.get_decoder()(input_ids=inputs.to(self._device), use_cache=False).last_hidden_state
            logits = self._model.get_output_embeddings()(hidden[foretells.to(self._device)])
        losses = functional.cross_entropy(logits.float(), labels.to(self._device), reduction="none")
        return torch.zeros(len(rows), device=losses.device).index_add(0, of_row.to(self._device), losses)

    def _halve(self, rows: Sequence[Row]) -> None:
        longest = max(len(row.ids) for row in rows)
        release_memory()
        if self.pass_tokens <= longest:
            raise OutOfMemory(
                f"The memory of {self._device} does not hold one sample of {longest} tokens beside the model.",
                "Lower --row-tokens, give --qlora on a GPU, or choose a smaller model.",
            )
        self.pass_tokens = max(longest, self.pass_tokens // 2)


def _load(base: Base, fit: Fit) -> PreTrainedModel:
    plan = Plan(
        source=base.source,
        checkpoint=base.checkpoint,
        engine="seekline",
        device=fit.device,
        dtype=fit.dtype,
        quantization="nf4" if fit.qlora else "none",
        sequence_tokens=base.checkpoint.context_tokens,
        spread=False,
        kv_limit_bytes=0,
        trusted=False,
        reason="it is trained for",
    )
    with _quiet():
        return load_pretrained(plan)


def _with_adapter(model: PreTrainedModel, options: Options, name: str) -> Any:
    with _quiet():
        import peft

        config = peft.LoraConfig(
            r=options.rank,
            lora_alpha=options.alpha,
            lora_dropout=options.dropout,
            target_modules=list(options.modules),
            task_type="CAUSAL_LM",
        )
        torch.manual_seed(options.seed)
        adapted: Any = peft.get_peft_model(model, config)
        # Not the folder, which is another one on another machine.
        adapted.peft_config["default"].base_model_name_or_path = name
        return adapted


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what peft tells of names that transformers is about to drop, and bitsandbytes of kernels that are not
    here: neither is the user's to mend."""
    told = logging.getLogger("bitsandbytes")
    level = told.level
    told.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        told.setLevel(level)


@contextmanager
def _as_out_of_memory(name: str) -> Iterator[None]:
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemory(
            f"{name} does not fit into memory.", "Choose a smaller model, or close other programs."
        ) from error
