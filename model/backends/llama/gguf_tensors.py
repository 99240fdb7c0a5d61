"""The weights of a Llama in GGUF files, by transformers' names and in transformers' order of rows."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import torch

from ...catalogue.gguf_file import gguf_header_of
from ...catalogue.gguf_llama import check_gguf_tensors, gguf_name
from ...catalogue.gguf_parts import gguf_parts
from ...catalogue.tensor_file import Header, Tensor
from .gguf_types import FLOATS, stored_matrix
from .llama_config import LlamaConfig
from .stored_matrix import StoredMatrix
from .tensors import TensorFile, check_finite


class GgufTensors:
    """The tensors of GGUF files; see `TensorSource`."""

    def __init__(self, path: Path, config: LlamaConfig, *, device: str, dtype: torch.dtype | None) -> None:
        """`path`: the file, or the first that the model is split into. `dtype`: what weights are converted to; None
        leaves floating point as it is, and makes float32 of codes.

        Raises `BrokenCheckpoint`, also where the tensors are not those of a Llama of these sizes.
        """
        self._path = path
        self._device = device
        self._dtype = dtype
        # RoPE turns pairs of a head's rows: neighbours in GGUF, in transformers the first half with the second.
        self._heads_in_pairs = {"self_attn.q_proj.weight": config.heads, "self_attn.k_proj.weight": config.kv_heads}
        self._stack = ExitStack()
        self._files: dict[str, TensorFile] = {}
        tensors: dict[str, Tensor] = {}
        try:
            for part in gguf_parts(path):
                file = self._stack.enter_context(TensorFile(part, _read_header))
                self._files.update(dict.fromkeys(file.header.tensors, file))
                tensors.update(file.header.tensors)
            check_gguf_tensors(config, tensors, path)
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> GgufTensors:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __contains__(self, name: str) -> bool:
        return gguf_name(name) in self._files

    def get(self, name: str) -> torch.Tensor:
        file, tensor = self._find(name)
        if tensor.dtype in FLOATS:
            content = file.bytes_of(gguf_name(name)).view(FLOATS[tensor.dtype]).view(tensor.shape)
            weights = self._in_order(name, content).to(self._device, self._dtype)
        else:
            stored = self.stored(name)
            assert stored is not None
            # Where they are multiplied faster: on the device.
            moved = StoredMatrix(
                codes=stored.codes.to(self._device),
                scales=stored.scales.to(self._device),
                zeros=stored.zeros.to(self._device),
            )
            weights = moved.dense().to(self._device, self._dtype)
        check_finite(weights, gguf_name(name), self._path)
        return weights

    def stored(self, name: str) -> StoredMatrix | None:
        file, tensor = self._find(name)
        if tensor.dtype in FLOATS:
            return None
        outputs, inputs = tensor.shape
        matrix = stored_matrix(file.bytes_of(gguf_name(name)), tensor.dtype, (outputs, inputs))
        for numbers in (matrix.scales, matrix.zeros):
            check_finite(numbers, gguf_name(name), self._path)
        return StoredMatrix(
            codes=self._in_order(name, matrix.codes),
            scales=self._in_order(name, matrix.scales),
            zeros=self._in_order(name, matrix.zeros),
        )

    def check_unchanged(self) -> None:
        for file in set(self._files.values()):
            file.check_unchanged()

    def _in_order(self, name: str, rows: torch.Tensor) -> torch.Tensor:
        """The rows of a tensor, shape (outputs, n), as transformers orders them."""
        heads = self._heads_in_pairs.get(name.split(".", 3)[-1])
        if heads is None:
            return rows
        return rows.unflatten(0, (heads, -1, 2)).transpose(1, 2).flatten(0, 2)

    def _find(self, name: str) -> tuple[TensorFile, Tensor]:
        """A tensor that the file has, for it was compared with the model's sizes when it was opened."""
        file = self._files[gguf_name(name)]
        return file, file.header.tensors[gguf_name(name)]


def _read_header(file: BinaryIO, path: Path) -> Header:
    return Header(tensors=gguf_header_of(file, path).tensors, metadata={})
