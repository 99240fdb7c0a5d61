"""What tells the weights of one model from those of another, wherever they lie: an adapter is never run on others.

All of small weights is looked at; of large ones every tensor, at some place: training changes a tensor all over. Nobody
waits until 13 GB are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from .. import outside
from ..errors import UnreadableFile, UnsupportedAdapter
from .checkpoint import CONFIG, weight_files
from .tensor_file import Tensor, header_of

_DIGEST_BYTES = 8
_WHOLE_BYTES = 64_000_000
"""So many of weights are read within 0.1 s."""
_SAMPLE_BYTES = 4096
_MOST_CONFIG_BYTES = 16_000_000

_FileState = tuple[Path, int, int, int]


def base_digest(base: Path) -> str:
    """Of the model in a folder, or a file of weights. It is found once for the same files.

    Raises `UnsupportedAdapter` for weights that are no safetensors, and the errors of `weight_files` and `read_header`.
    """
    weights = weight_files(base)
    if any(path.suffix != ".safetensors" for path in weights):
        raise UnsupportedAdapter(
            f"{base} has its weights as a GGUF file, for which nothing is learned.",
            "Name the model's folder with safetensors.",
        )
    config = weights[0].parent / CONFIG
    try:
        return _digest_of(tuple(_state(path) for path in (config, *weights)))
    except OSError as error:
        raise UnreadableFile(base, f"cannot be looked at: {error.strerror or error}") from error


def _state(path: Path) -> _FileState:
    found = path.stat()
    return path, found.st_size, found.st_mtime_ns, found.st_ino


@lru_cache(maxsize=16)
def _digest_of(files: tuple[_FileState, ...]) -> str:
    """`files`: the configuration, then those with the weights."""
    (config, *_), *weights = files
    is_small = sum(size for _, size, _, _ in weights) <= _WHOLE_BYTES
    digest = blake2b(outside.read_bytes(config, limit_bytes=_MOST_CONFIG_BYTES), digest_size=_DIGEST_BYTES)
    for path, *_ in weights:
        for part in _parts(path, whole=is_small):
            digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()


def _parts(path: Path, *, whole: bool) -> Iterator[bytes]:
    with outside.open_file(path) as file:
        for name, tensor in header_of(file, path).tensors.items():
            yield f"{name} {tensor.dtype} {tensor.shape}".encode("utf-8", "surrogatepass")
            start, size_bytes = (tensor.start, tensor.size_bytes) if whole else _sample(tensor)
            file.seek(start)
            yield file.read(size_bytes)


def _sample(tensor: Tensor) -> tuple[int, int]:
    """Where to look at a tensor, and at how many bytes: in its middle."""
    size_bytes = min(_SAMPLE_BYTES, tensor.size_bytes)
    return tensor.start + (tensor.size_bytes - size_bytes) // 2, size_bytes
