"""Ways to spoil a model's files: each function changes a whole model's folder in one way."""

from __future__ import annotations

import gzip
import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from quantized_models import set_config
from safetensors.torch import load_file, save_file

Weights = dict[str, torch.Tensor]


def change(folder: Path, spoil: Callable[[Weights], object]) -> None:
    """Writes the weights again, spoiled."""
    weights = load_file(folder / "model.safetensors")
    spoil(weights)
    save_file(
        {name: weight.contiguous() for name, weight in weights.items()}, folder / "model.safetensors", {"format": "pt"}
    )


def with_weight(name: str, value: Callable[[torch.Tensor], torch.Tensor], folder: Path) -> None:
    change(folder, lambda weights: weights.update({name: value(weights[name])}))


def without(name: str, folder: Path) -> None:
    change(folder, lambda weights: weights.pop(name))


def with_another(name: str, weight: torch.Tensor, folder: Path) -> None:
    change(folder, lambda weights: weights.update({name: weight}))


def with_number(name: str, number: float, folder: Path) -> None:
    """One number of a weight is another."""

    def put(weight: torch.Tensor) -> torch.Tensor:
        weight.view(-1)[7] = number
        return weight

    with_weight(name, put, folder)


def with_quantization(folder: Path, **changes: object) -> None:
    """Changes what config.json says of the quantization; None takes a key away."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    table = {**config["quantization_config"], **changes}
    set_config(folder, quantization_config={key: value for key, value in table.items() if value is not None})


def shards(folder: Path, *, names: tuple[str, str] = ("part-1.safetensors", "part-2.safetensors")) -> tuple[Path, Path]:
    """The weights in two files and the list that names them; returns the files, which lie in the folder."""
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    index: dict[str, str] = {}
    for start, name in enumerate(names):
        part = dict(list(weights.items())[start::2])
        index |= dict.fromkeys(part, name)
        save_file(part, folder / f"part-{start + 1}.safetensors", {"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}), "utf-8")
    return folder / "part-1.safetensors", folder / "part-2.safetensors"


def cut(path: Path, bytes_less: int = 1000) -> None:
    path.write_bytes(path.read_bytes()[:-bytes_less])


def cut_weights(folder: Path) -> None:
    cut(folder / "model.safetensors")


def cut_shard(folder: Path) -> None:
    cut(shards(folder)[1])


def lost_shard(folder: Path) -> None:
    shards(folder)[1].unlink()


def twice(folder: Path) -> None:
    first, second = shards(folder)
    save_file({**load_file(first), **load_file(second)}, second, {"format": "pt"})


def leading_out(name: str, folder: Path) -> None:
    """A shard that the list names outside the folder, where it is."""
    _, second = shards(folder, names=("part-1.safetensors", name))
    shutil.move(second, folder.parent / "outside.safetensors")


def linked_out(folder: Path) -> None:
    _, second = shards(folder)
    shutil.move(second, folder.parent / "outside.safetensors")
    second.symlink_to(folder.parent / "outside.safetensors")


class Bomb:
    """Leaves a trace where it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._trace,)


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(pickle.dumps(Bomb(folder / "ran")))


def torch_saved(folder: Path) -> None:
    torch.save({"weight": torch.zeros(3)}, folder / "model.safetensors")


def alone(folder: Path) -> Path:
    (folder / "config.json").unlink()
    return folder / "model.safetensors"


def huge_tokenizer(folder: Path) -> None:
    """A file with a hole, which takes no room on the disk."""
    with (folder / "tokenizer.json").open("r+b") as file:
        file.truncate(10_000_000_000)


def gzipped_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_bytes(gzip.compress(b'{"a": "' + b" " * 50_000_000 + b'"}'))


def zipped_tokenizer(folder: Path) -> None:
    path = folder / "tokenizer.json"
    content = path.read_bytes()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tokenizer.json", content + b" " * 50_000_000)


def multiplying_tokenizer(folder: Path) -> None:
    path = folder / "tokenizer.json"
    bomb = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 1000}
    tokenizer = {**json.loads(path.read_text("utf-8")), "normalizer": {"type": "Sequence", "normalizers": [bomb] * 9}}
    path.write_text(json.dumps(tokenizer), "utf-8")


def unexplained(folder: Path) -> None:
    set_config(folder, quantization_config=None)


def of_another_architecture(folder: Path) -> None:
    set_config(folder, model_type="qwen2")
