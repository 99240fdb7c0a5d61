"""Models whose files lie, each as a function that makes one, and the words that name what is wrong with it.

A format of weights joins with its entries in a table like these.
"""

from __future__ import annotations

import gzip
import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from quantized_models import save_quantized, set_config
from safetensors.torch import load_file, save_file
from tiny_models import add_tokenizer, save_llama, save_v2_lite

STEM = "model.layers.1.mlp.down_proj."
SCALES, WORDS, ZEROS, GROUP_OF, BIAS = (STEM + part for part in ("scales", "qweight", "qzeros", "g_idx", "bias"))
Weights = dict[str, torch.Tensor]


class WholeModels:
    """One whole model of each kind, made when it is first asked for. Nobody may write to them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def plain(self) -> Path:
        return save_llama(self._folder / "plain")

    @cached_property
    def gptq(self) -> Path:
        return save_quantized(self._folder / "gptq", self._folder / "gptq-twin", symmetric=True, reordered=True)

    @cached_property
    def awq(self) -> Path:
        return save_quantized(self._folder / "awq", self._folder / "awq-twin", method="awq")

    @cached_property
    def v2_lite(self) -> Path:
        return save_v2_lite(self._folder / "v2-lite")


@dataclass(frozen=True, slots=True, kw_only=True)
class BadModel:
    """`base`: the whole model that is copied and then spoiled; `spoil` may say which file of it is named instead of the
    folder. `says`: what the one line says, as a regular expression."""

    base: str
    spoil: Callable[[Path], Path | None]
    says: str

    def make(self, whole: WholeModels, folder: Path) -> Path:
        """Makes it in `folder`, which must not be there yet; returns what to name."""
        shutil.copytree(getattr(whole, self.base), folder)
        return self.spoil(folder) or folder


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


def untied(folder: Path) -> None:
    without("lm_head.weight", folder)


NORM = "model.norm.weight"
EXPERT = "model.layers.1.mlp.experts.3.up_proj.weight"
ANNOUNCES = r"where config\.json announces"

SAFETENSORS = {
    "weights cut short": BadModel(base="plain", spoil=cut_weights, says="its header announces"),
    "a shard cut short": BadModel(base="gptq", spoil=cut_shard, says=r"part-2\.safetensors has .* its header announces"),
    "a shard that is missing": BadModel(base="gptq", spoil=lost_shard, says="lacks 1 of 2 weight files, part-2"),
    "a weight in two files": BadModel(base="plain", spoil=twice, says="stands in .*part-2.* and in another file"),
    "a shard above": BadModel(
        base="gptq", spoil=partial(leading_out, "../outside.safetensors"), says="names a file that is not in it: '../out"
    ),
    "a shard by an absolute path": BadModel(
        base="plain", spoil=partial(leading_out, "/etc/passwd"), says="names a file that is not in it: '/etc/passwd'"
    ),
    "a shard above, in Windows' words": BadModel(
        base="plain", spoil=partial(leading_out, "..\\outside.safetensors"), says="names a file that is not in it"
    ),
    "a shard that is a link": BadModel(base="awq", spoil=linked_out, says="is a link out of its folder"),
    "a pickle": BadModel(base="plain", spoil=pickled, says="is a pickle by the name of a safetensors file"),
    "an archive of torch": BadModel(base="gptq", spoil=torch_saved, says="is a pickle by the name of a safetensors"),
    "one file alone": BadModel(base="awq", spoil=alone, says=r"has no config\.json"),
    "no numbers": BadModel(base="plain", spoil=partial(with_number, NORM, float("nan")), says=f"{NORM} .*no finite"),
    "a norm that is missing": BadModel(base="plain", spoil=partial(without, NORM), says=f"lack {NORM}"),
    "no head": BadModel(base="plain", spoil=untied, says=r"lack lm_head\.weight"),
    "a weight too many": BadModel(
        base="plain",
        spoil=partial(with_another, "model.layers.0.self_attn.q_proj.bias", torch.zeros(64)),
        says=r"have 'model\.layers\.0\.self_attn\.q_proj\.bias', which a Llama",
    ),
    "a layer too many": BadModel(
        base="plain", spoil=lambda folder: set_config(folder, num_hidden_layers=1), says=r"have 'model\.layers\.1\..* others"
    ),
    "a weight of another shape": BadModel(
        base="plain", spoil=partial(with_weight, NORM, lambda norm: norm[:-1]), says=f"{NORM} in .*(63,).*{ANNOUNCES}"
    ),
    "an expert that is missing": BadModel(base="v2_lite", spoil=partial(without, EXPERT), says=f"lack {EXPERT}"),
}
TOKENIZERS = {
    "a huge tokenizer": BadModel(base="plain", spoil=huge_tokenizer, says=r"tokenizer\.json has more than 64,000,000"),
    "a tokenizer in gzip": BadModel(base="gptq", spoil=gzipped_tokenizer, says=r"tokenizer\.json is a compressed arch"),
    "a tokenizer in zip": BadModel(base="awq", spoil=zipped_tokenizer, says=r"tokenizer\.json is a compressed archive"),
    "a tokenizer that multiplies": BadModel(base="plain", spoil=multiplying_tokenizer, says="tokenizer"),
}


def says_otherwise(says: str, **changes: object) -> BadModel:
    """A GPTQ model of which config.json says something else."""
    return BadModel(base="gptq", spoil=partial(with_quantization, **changes), says=says)


PACKED = {
    "scales that are no numbers": BadModel(
        base="gptq", spoil=partial(with_number, SCALES, float("nan")), says=f"{SCALES} in .* no finite numbers"
    ),
    "infinite scales": BadModel(
        base="awq", spoil=partial(with_number, SCALES, float("inf")), says=f"{SCALES} in .* no finite numbers"
    ),
    "a group that is not there": BadModel(
        base="gptq", spoil=partial(with_number, GROUP_OF, 4), says=f"{GROUP_OF} in .* none of the 4 that there are"
    ),
    "a group below the first": BadModel(
        base="gptq", spoil=partial(with_number, GROUP_OF, -1), says=f"{GROUP_OF} in .* none of the 4 that there are"
    ),
    "a bias": BadModel(
        base="gptq",
        spoil=partial(with_another, BIAS, torch.ones(256, dtype=torch.float16)),
        says=f"{BIAS} in .* is not zero",
    ),
    "zero points beside the middle": BadModel(
        base="gptq", spoil=partial(with_number, ZEROS, 0), says=f"{ZEROS} in .* although it is announced symmetric"
    ),
    "no zero points": BadModel(base="awq", spoil=partial(without, ZEROS), says=f"lack {ZEROS}"),
    "no groups": BadModel(base="gptq", spoil=partial(without, GROUP_OF), says=f"lack {GROUP_OF}"),
    "words cut off": BadModel(
        base="gptq", spoil=partial(with_weight, WORDS, lambda words: words[:-1]), says=f"{WORDS} in .*{ANNOUNCES}"
    ),
    "words as floating point numbers": BadModel(
        base="awq", spoil=partial(with_weight, WORDS, lambda words: words.float()), says=f"{WORDS} in .* of F32 {ANNOUNCES}"
    ),
    "a matrix twice": BadModel(
        base="awq",
        spoil=partial(with_another, STEM + "weight", torch.zeros(256, 512)),
        says=f"have '{WORDS}' and 2 others, which a Llama",
    ),
    "groups of another size": says_otherwise(f"qzeros in .*{ANNOUNCES}", group_size=64),
    "eight bits announced": says_otherwise(f"qweight in .*{ANNOUNCES}", bits=8),
    "three bits": says_otherwise("have 3 bits each, by GPTQ", bits=3),
    "bits as text": says_otherwise(r"quantization_config.* something wrong at 'bits'", bits="4"),
    "groups of nothing": says_otherwise("have a scale for each 0 inputs", group_size=0),
    "Marlin's layout": says_otherwise("the layout 'marlin' of GPTQ", checkpoint_format="marlin"),
    "another method": says_otherwise("quantized by 'hqq'", quant_method="hqq"),
    "no method": says_otherwise("quantized by ''", quant_method=None),
    "layers of their own kind": says_otherwise("otherwise from layer to layer", dynamic={"layers.1": {"bits": 8}}),
    "AWQ for vectors": BadModel(
        base="awq", spoil=partial(with_quantization, version="gemv"), says="the layout 'gemv' of AWQ"
    ),
    "AWQ in eight bits": BadModel(base="awq", spoil=partial(with_quantization, bits=8), says="have 8 bits each, by AWQ"),
    "nothing that explains it": BadModel(base="gptq", spoil=unexplained, says="nothing in it says how they are packed"),
    "no table": BadModel(
        base="gptq", spoil=lambda folder: set_config(folder, quantization_config=[1]), says="quantization_config"
    ),
    "another architecture": BadModel(
        base="gptq", spoil=of_another_architecture, says="reads for the Llama architecture, .* 'qwen2'"
    ),
}
BAD_MODELS = {**SAFETENSORS, **TOKENIZERS, **PACKED}
