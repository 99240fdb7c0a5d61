"""Which of the formats that a model is published in is wanted, and how a model on the hub is named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from ..errors import UnknownModel
from .published import PublishedWeights, WeightsFormat
from .weight_bytes import gguf_quantization, mixes

_PREFIXES = ("hf.co/", "huggingface.co/")
"""What Ollama puts before the name of a repository."""
_PART = r"[A-Za-z0-9_][\w.-]*"
# A revision becomes part of a path in the hub's cache, which it must not leave. It may have slashes, so that a file is
# named without one only.
_NAME = re.compile(
    rf"(?P<repository>{_PART}/{_PART})"
    rf"(@(?P<revision>(?!/)(?!.*\.\.)[\w./-]+))?(:(?P<quantization>[A-Za-z0-9_]+))?",
    re.ASCII,
)
_FILE = re.compile(rf"(?P<repository>{_PART}/{_PART})/(?P<file>({_PART}/)*{_PART}\.gguf)", re.ASCII | re.IGNORECASE)
_MAX_PARTS = 1000
_SPLIT = re.compile(r"-(\d{5})-of-(\d{5})(?=\.gguf$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedWeights:
    """`quantization`: of a GGUF file, as gguf.toml spells it; None: any. `file`: the path of one in its repository."""

    format: WeightsFormat | Literal["auto"] = "auto"
    quantization: str | None = None
    file: str | None = None

    def admits(self, published: PublishedWeights, quantization: str | None) -> bool:
        """`quantization`: the one that a file of `published` has; None where it is not told by files."""
        if self.format not in ("auto", published.format):
            return False
        return self.quantization is None or self.quantization == quantization

    def __str__(self) -> str:
        words = [] if self.format == "auto" else [self.format]
        return " ".join([*words, *filter(None, (self.quantization, self.file))])


ANY = WantedWeights()


@dataclass(frozen=True, slots=True, kw_only=True)
class HubName:
    """A repository on the hub, and which of its files is meant, if any is named."""

    repository: str
    revision: str = "main"
    quantization: str | None = None
    file: str | None = None

    def narrowed(self, weights: WantedWeights) -> WantedWeights:
        """What is wanted of the repository: the name says more than the settings do."""
        if self.quantization is None and self.file is None:
            return weights
        return WantedWeights(format="gguf", quantization=self.quantization, file=self.file)


def hub_name(model: str) -> HubName | None:
    """What `owner/name[@revision]` names, `owner/name:Q4_K_M` (llama.cpp's spelling; with `hf.co/` before it Ollama's)
    or `owner/name/file.gguf`; None for any other text. Raises `UnknownModel` for a quantization that no file has."""
    for prefix in _PREFIXES:
        model = model.removeprefix(prefix)
    file = _FILE.fullmatch(model)
    if file is not None:
        return HubName(repository=file["repository"], file=file["file"])
    found = _NAME.fullmatch(model)
    if found is None:
        return None
    quantization = None
    if found["quantization"] is not None:
        quantization = gguf_quantization(found["quantization"])
        if quantization is None:
            raise UnknownModel(
                f"No GGUF file has the quantization {found['quantization']!r}.",
                f"Behind the colon stands one of {', '.join(mixes())}.",
            )
    return HubName(repository=found["repository"], revision=found["revision"] or "main", quantization=quantization)


def quantization_of_file(name: str) -> str | None:
    """Which quantization the name of a GGUF file says that it has; None where it says none."""
    spelt = PurePosixPath(name).name.upper()
    found = [one for one in mixes() if re.search(rf"(?<![A-Z0-9]){one}(?![A-Z0-9_])", spelt)]
    return max(found, key=len, default=None)


def parts_of_file(name: str) -> list[str]:
    """All files that belong to the first one of a GGUF file that is split; the file itself where it is not."""
    found = _SPLIT.search(name)
    if found is None or not 1 <= int(found[2]) <= _MAX_PARTS:
        return [name]
    return [_SPLIT.sub(f"-{number:05}-of-{found[2]}", name) for number in range(1, int(found[2]) + 1)]


def is_later_part(name: str) -> bool:
    """Whether a file is one of a split GGUF file's, but not the first."""
    found = _SPLIT.search(name)
    return found is not None and int(found[1]) != 1
