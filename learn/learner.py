"""One training step: forward, backward, Muon for the matrices, AdamW for the rest. Owns weights and optimizers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ..model.loading.hardware import Device
from .errors import OtherModel
from .packed_llama import build_model, kind_weights, logits_of, weighted_loss
from .recipe import Rates, Recipe
from .rows import Batch

_MOMENTUM_RISE_STEPS = 300
_TIED = "lm_head.weight"  # the embedding's


class Learner:
    """The model in training, with its optimizers."""

    def __init__(self, recipe: Recipe, device: Device) -> None:
        self._rates = recipe.rates
        self._device = device.name
        self._kind_weights = kind_weights(recipe.weights, device.name)
        # Without bfloat16 instructions, float32 is the faster format.
        self._has_bfloat16 = device.fast_dtypes[0] == "bfloat16"
        self.model = build_model(recipe.shape, recipe.seed)
        # transformers' own `to` is typed as an unbound method.
        torch.nn.Module.to(self.model, device.name)
        self._muon, self._adamw = _optimizers(self.model, recipe.rates)

    def learn(self, batch: Batch, step: int, budget_share: float) -> Tensor:
        """One step; `budget_share` of the run is over. Returns the sums per kind of `weighted_loss`, on the device."""
        inputs, labels, kinds, documents, positions = (
            torch.from_numpy(array).to(self._device, non_blocking=True)
            for array in (batch.inputs, batch.labels, batch.kinds, batch.documents, batch.positions)
        )
        with torch.autocast(self._device.partition(":")[0], torch.bfloat16, enabled=self._has_bfloat16):
            logits = logits_of(self.model, inputs, documents, positions)
        loss, sums = weighted_loss(logits, labels, kinds, self._kind_weights)
        loss.backward()
        factor = rate_factor(budget_share, self._rates)
        for group in (*self._muon.param_groups, *self._adamw.param_groups):
            group["lr"] = group["highest"] * factor
        for group in self._muon.param_groups:
            group["momentum"] = min(0.95, 0.85 + 0.10 * step / _MOMENTUM_RISE_STEPS)
        with nullcontext() if self._has_bfloat16 else _Float32Muon():
            self._muon.step()
        self._adamw.step()
        self.model.zero_grad(set_to_none=True)
        return sums

    def start_from(self, weights: Path) -> None:
        """Takes the weights of an exported model. Raises `OtherModel`."""
        tensors = load_file(weights)
        own = self.model.state_dict()
        shapes = {name: values.shape for name, values in own.items() if name != _TIED}
        if {name: values.shape for name, values in tensors.items()} != shapes:
            raise OtherModel(
                f"{weights} is of another shape than this recipe.", "Give the options that it was made with."
            )
        self.model.load_state_dict(tensors, strict=False)

    def state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "muon": self._muon.state_dict(),
            "adamw": self._adamw.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self._muon.load_state_dict(state["muon"])
        self._adamw.load_state_dict(state["adamw"])


def rate_factor(budget_share: float, rates: Rates) -> float:
    """The learning rate's share of its highest: up, level, and down to nothing at the end of the budget."""
    rising = budget_share / rates.warm_up_share if rates.warm_up_share else 1.0
    falling = (1 - budget_share) / rates.decay_share if rates.decay_share else 1.0
    return max(0.0, min(1.0, rising, falling))


def _optimizers(model: torch.nn.Module, rates: Rates) -> tuple[torch.optim.Muon, torch.optim.AdamW]:
    """Each group keeps its highest rate beside the present one."""
    parameters = dict(model.named_parameters())
    embeddings = [parameter for name, parameter in parameters.items() if "embed_tokens" in name]
    norms = [parameter for parameter in parameters.values() if parameter.ndim == 1]
    matrices = [
        parameter for name, parameter in parameters.items() if parameter.ndim == 2 and "embed_tokens" not in name
    ]
    muon = torch.optim.Muon(
        [{"params": matrices, "highest": rates.muon}], lr=rates.muon, weight_decay=rates.weight_decay
    )
    adamw = torch.optim.AdamW(
        [{"params": embeddings, "highest": rates.embedding}, {"params": norms, "highest": rates.norm}],
        lr=rates.embedding,
        betas=(0.9, 0.98),
        eps=1e-10,
        weight_decay=0.0,
    )
    return muon, adamw


class _Float32Muon(TorchFunctionMode):
    """Keeps torch's Muon, which casts to bfloat16 whatever the device, in float32.

    On a CPU without bfloat16 instructions its products take thirty times as long (12.4 s instead of 0.4 s a step at
    the default size on one core of an EPYC 7003).
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.Tensor.bfloat16:
            # A copy, as the cast would make: Muon goes on to divide it in place.
            return args[0].clone()
        return func(*args, **(kwargs or {}))
