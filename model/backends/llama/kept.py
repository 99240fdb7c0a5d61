"""Which quantized weights the cache folder keeps, and which it gives up. Knows no torch."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from time import time
from typing import Any

from ... import outside
from ...catalogue.adapter import Adapter, file_states
from ...catalogue.checkpoint import weight_files
from ...catalogue.packing import Packing
from ...catalogue.tensor_file import read_header
from ...errors import ModelError
from .native_structures import GROUP

log = logging.getLogger(__name__)

FORMAT = 5
"""To be raised when the codes of the same weights change."""
MAX_FILES_PER_MODEL = 3
MAX_BYTES = 40_000_000_000
"""Twice the largest model of the catalogue in four bits."""
MAX_UNUSED_S = 90 * 86_400
"""Making one again takes a minute."""
_ABANDONED_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file of quantized weights. `model`: the folder or file that they were made from; None where the copy does not
    say so any more. `is_current`: whether the weights there are still the same."""

    path: Path
    model: Path | None
    is_current: bool
    size_bytes: int
    used_s: float

    @property
    def is_orphaned(self) -> bool:
        """Whether the model is not here, which may come back with its disk."""
        return self.model is None or not _is_there(self.model)


def settings_of(*, bits: object, native: bool, packing: Packing | None, merged: Adapter | None) -> dict[str, object]:
    """What decides, beside a model's weights, what is kept of them. `bits`: as `load_llama` takes them. `native`:
    whether for the forward pass in C. `packing`: as config.json says it. `merged`: an adapter that was added before."""
    settings: dict[str, object] = {"bits": bits, "group": GROUP, "native": native}
    if packing is not None:
        settings["packing"] = asdict(packing)
    if merged is not None:
        settings["adapter"] = merged.origin
    return settings


def made_from(model: Path, settings: dict[str, object]) -> str:
    """What tells weights from all others, those of `model` as they are now quantized with `settings`."""
    return json.dumps([FORMAT, str(model.resolve()), _seen(model), settings], sort_keys=True)


def kept_path(cache: Path, origin: str) -> Path:
    """Where the cache keeps weights of this origin."""
    return cache / f"{hashlib.sha256(origin.encode()).hexdigest()[:32]}.safetensors"


def _seen(model: Path) -> list[list[str | int]]:
    states = [(path.name, path.stat()) for path in weight_files(model)]
    return [[name, state.st_size, state.st_mtime_ns, state.st_ino] for name, state in states]


def kept_weights(cache: Path) -> list[Kept]:
    """Every file of the cache folder, the last used first."""
    found: list[Kept] = []
    for path in cache.glob("*.safetensors"):
        try:
            status = path.stat()
        except OSError:  # another process gave it up
            continue
        model, is_current = _origin(path)
        found.append(
            Kept(path=path, model=model, is_current=is_current, size_bytes=status.st_size, used_s=status.st_mtime)
        )
    return sorted(found, key=lambda one: one.used_s, reverse=True)


def _origin(path: Path) -> tuple[Path | None, bool]:
    try:
        text = read_header(path).metadata.get("made_from", "")
        version, model, seen, settings = outside.parse_json(text.encode(), name=path)
        if not isinstance(model, str):
            return None, False
        there = Path(model)
        # What is not there may come back with its disk.
        is_current = version == FORMAT and (not _is_there(there) or _seen(there) == seen)
        return there, is_current and _has_its_adapter(settings)
    except (ModelError, OSError, ValueError, TypeError):
        return None, False


def _has_its_adapter(settings: Any) -> bool:
    """Whether the adapter that was merged into the weights, if there was one, is still the same, or not here."""
    if "adapter" not in settings:
        return True
    folder, files = settings["adapter"]
    there = [list(file) for file in file_states(Path(folder))]
    return there in ([], files)


def _is_there(model: Path) -> bool:
    return model.is_dir() or model.is_file()


def evict(cache: Path, *, keep: Path) -> None:
    """Deletes what nothing can be loaded from any more or nobody has used for long, then the least recently used beyond
    the bounds; never `keep`.

    Another process that reads one meanwhile reads on; on Windows, where it could not, the file stays.
    """
    per_model, total = Counter[Path | None](), 0
    for one in kept_weights(cache):
        per_model[one.model] += 1
        total += one.size_bytes
        too_many = per_model[one.model] > MAX_FILES_PER_MODEL or total > MAX_BYTES
        is_old = time() - one.used_s > MAX_UNUSED_S
        if one.path != keep and (too_many or is_old or not one.is_current):
            per_model[one.model] -= 1
            total -= one.size_bytes
            delete_kept(one.path)
    for path in cache.glob("*.part"):
        try:
            if time() - path.stat().st_mtime > _ABANDONED_S:
                delete_kept(path)
        except OSError:
            continue


def delete_kept(path: Path) -> bool:
    """Deletes a file of the cache, if it can be; whether it is gone."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.info("%s stays: %s", path, error)
        return False
    return True
