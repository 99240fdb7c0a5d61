"""gptqmodel, which quantizes and reads GPTQ and AWQ, in a process of its own: it changes much where it is imported.

`quantize SOURCE FOLDER '{"sym": true, ...}'` quantizes a model; `weights FOLDER FILE` writes what the packed matrices
of one stand for, as safetensors.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

SAMPLES, SAMPLE_TOKENS = 16, 64


def quantize(source: str, folder: str, settings: str) -> None:
    """Quantizes a model with a few samples of random tokens."""
    import torch
    from gptqmodel import GPTQModel, QuantizeConfig  # pyright: ignore[reportMissingImports]

    torch.manual_seed(0)
    samples = [
        {"input_ids": torch.randint(10, 4000, (SAMPLE_TOKENS,)).tolist(), "attention_mask": [1] * SAMPLE_TOKENS}
        for _ in range(SAMPLES)
    ]
    loaded: Any = GPTQModel.load(source, QuantizeConfig(**json.loads(settings)))
    loaded.quantize(samples, batch_size=4)
    loaded.save(folder)


def weights(folder: str, path: str) -> None:
    """A product with the unit matrix is the matrix, transposed, in float16."""
    import torch
    from gptqmodel import BACKEND, GPTQModel  # pyright: ignore[reportMissingImports]
    from safetensors.torch import save_file

    table = json.loads((Path(folder) / "config.json").read_text("utf-8"))["quantization_config"]
    backend = BACKEND.TORCH_AWQ if table["quant_method"] == "awq" else BACKEND.TORCH
    loaded: Any = GPTQModel.load(folder, device="cpu", backend=backend, dtype=torch.float16)
    found: dict[str, torch.Tensor] = {}
    with torch.inference_mode():
        for name, module in loaded.model.named_modules():
            if name.endswith("_proj"):
                unit = torch.eye(module.in_features, dtype=torch.float16)
                found[f"{name}.weight"] = module(unit).T.float().contiguous()
    save_file(found, path)


if __name__ == "__main__":
    os.environ["GPTQMODEL_CPU_WORKERS"] = "4"  # with fewer it does not start
    command, *arguments = sys.argv[1:]
    {"quantize": quantize, "weights": weights}[command](*arguments)
    sys.stdout.flush()
    os._exit(0)  # its threads would outlive it
