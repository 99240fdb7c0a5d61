"""Models whose files lie, each as a function that makes one, and the words that name what is wrong with it.

A format of weights joins with its entries in a table like these.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import spoiled_files as spoiled
import torch
from quantized_models import save_quantized, set_config
from spoiled_files import with_another, with_number, with_quantization, with_weight, without
from tiny_models import save_llama, save_v2_lite

STEM = "model.layers.1.mlp.down_proj."
SCALES, WORDS, ZEROS, GROUP_OF, BIAS = (STEM + part for part in ("scales", "qweight", "qzeros", "g_idx", "bias"))


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


NORM = "model.norm.weight"
EXPERT = "model.layers.1.mlp.experts.3.up_proj.weight"
ANNOUNCES = r"where config\.json announces"

SAFETENSORS = {
    "weights cut short": BadModel(base="plain", spoil=spoiled.cut_weights, says="its header announces"),
    "a shard cut short": BadModel(
        base="gptq", spoil=spoiled.cut_shard, says=r"part-2\.safetensors has .* its header announces"
    ),
    "a shard that is missing": BadModel(
        base="gptq", spoil=spoiled.lost_shard, says="lacks 1 of 2 weight files, part-2"
    ),
    "a weight in two files": BadModel(
        base="plain", spoil=spoiled.twice, says="stands in .*part-2.* and in another file"
    ),
    "a shard above": BadModel(
        base="gptq",
        spoil=partial(spoiled.leading_out, "../outside.safetensors"),
        says="names a file that is not in it: '../out",
    ),
    "a shard by an absolute path": BadModel(
        base="plain",
        spoil=partial(spoiled.leading_out, "/etc/passwd"),
        says="names a file that is not in it: '/etc/passwd'",
    ),
    "a shard above, in Windows' words": BadModel(
        base="plain",
        spoil=partial(spoiled.leading_out, "..\\outside.safetensors"),
        says="names a file that is not in it",
    ),
    "a shard that is a link": BadModel(base="awq", spoil=spoiled.linked_out, says="is a link out of its folder"),
    "a pickle": BadModel(base="plain", spoil=spoiled.pickled, says="is a pickle by the name of a safetensors file"),
    "an archive of torch": BadModel(
        base="gptq", spoil=spoiled.torch_saved, says="is a pickle by the name of a safetensors"
    ),
    "one file alone": BadModel(base="awq", spoil=spoiled.alone, says=r"has no config\.json"),
    "no numbers": BadModel(base="plain", spoil=partial(with_number, NORM, float("nan")), says=f"{NORM} .*no finite"),
    "a norm that is missing": BadModel(base="plain", spoil=partial(without, NORM), says=f"lack {NORM}"),
    "no head": BadModel(base="plain", spoil=partial(without, "lm_head.weight"), says=r"lack lm_head\.weight"),
    "a weight too many": BadModel(
        base="plain",
        spoil=partial(with_another, "model.layers.0.self_attn.q_proj.bias", torch.zeros(64)),
        says=r"have 'model\.layers\.0\.self_attn\.q_proj\.bias', which a Llama",
    ),
    "a layer too many": BadModel(
        base="plain",
        spoil=lambda folder: set_config(folder, num_hidden_layers=1),
        says=r"have 'model\.layers\.1\..* others",
    ),
    "a weight of another shape": BadModel(
        base="plain", spoil=partial(with_weight, NORM, lambda norm: norm[:-1]), says=f"{NORM} in .*(63,).*{ANNOUNCES}"
    ),
    "an expert that is missing": BadModel(base="v2_lite", spoil=partial(without, EXPERT), says=f"lack {EXPERT}"),
}
TOKENIZERS = {
    "a huge tokenizer": BadModel(
        base="plain", spoil=spoiled.huge_tokenizer, says=r"tokenizer\.json has more than 64,000,000"
    ),
    "a tokenizer in gzip": BadModel(
        base="gptq", spoil=spoiled.gzipped_tokenizer, says=r"tokenizer\.json is a compressed arch"
    ),
    "a tokenizer in zip": BadModel(
        base="awq", spoil=spoiled.zipped_tokenizer, says=r"tokenizer\.json is a compressed archive"
    ),
    "a tokenizer that multiplies": BadModel(base="plain", spoil=spoiled.multiplying_tokenizer, says="tokenizer"),
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
        base="awq",
        spoil=partial(with_weight, WORDS, lambda words: words.float()),
        says=f"{WORDS} in .* of F32 {ANNOUNCES}",
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
    "AWQ in eight bits": BadModel(
        base="awq", spoil=partial(with_quantization, bits=8), says="have 8 bits each, by AWQ"
    ),
    "nothing that explains it": BadModel(
        base="gptq", spoil=spoiled.unexplained, says="nothing in it says how they are packed"
    ),
    "no table": BadModel(
        base="gptq", spoil=lambda folder: set_config(folder, quantization_config=[1]), says="quantization_config"
    ),
    "another architecture": BadModel(
        base="gptq", spoil=spoiled.of_another_architecture, says="reads for the Llama architecture, .* 'qwen2'"
    ),
}
BAD_MODELS = {**SAFETENSORS, **TOKENIZERS, **PACKED}
