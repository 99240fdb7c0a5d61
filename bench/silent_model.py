"""A model that knows nothing: all tokens are all but alike to it, so that a mixture with it is the copies alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy
import torch
from safetensors.torch import load_file, save_file
from seekline import model
from seekline.learn.mixture.weights import write_weights
from seekline.learn.vocabulary import copy_vocabulary
from seekline.model.loading.load import MIXTURE_FILE
from seekline.model.loading.mixture_file import read_mixture

_ALL_BUT_NOTHING = 1e-6  # weights that are nothing are refused


def silent_model(folder: Path) -> Path:
    """Writes the embedded model with one layer, random embeddings, and next to nothing behind them. Its mixture is that
    of the embedded model without the network, which is fitted to what that model says. Returns `folder`."""
    source = model.embedded_folder()
    folder.mkdir(parents=True)
    copy_vocabulary(source, folder)
    config = json.loads((source / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 1}), "utf-8")
    tensors = load_file(source / "model.safetensors")
    tensors["model.embed_tokens.weight"].normal_(generator=torch.Generator().manual_seed(0))
    tensors["model.norm.weight"].fill_(_ALL_BUT_NOTHING)
    kept = {name: values for name, values in tensors.items() if ".layers." not in name or ".layers.0." in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    weights = read_mixture(source / MIXTURE_FILE)
    backoff = replace(weights, second=numpy.zeros_like(weights.second), rest=numpy.array([0, 1], dtype=numpy.float32))
    write_weights(backoff, folder / MIXTURE_FILE)
    return folder
