"""The quantized copies of models that Seekline keeps on the disk: how they are listed, and how they go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.table import Table

from ... import model
from .console import out, print_note, print_table
from .outlook import size


def all_copies() -> list[model.Kept]:
    """The last used first."""
    return model.kept_weights(model.quantized_folder())


def copy_as_json(copy: model.Kept) -> dict[str, Any]:
    return {
        "model": _name(copy),
        "state": _state(copy),
        "bytes": copy.size_bytes,
        "last_used": _last_used(copy).isoformat(timespec="seconds"),
        "path": str(copy.path),
    }


def print_copies(copies: Sequence[model.Kept]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("quantized copies of", "size", "last used", "state"):
        table.add_column(column, justify="right" if column == "size" else "left")
    for copy in copies:
        table.add_row(
            _name(copy) or "(unreadable)", size(copy.size_bytes), f"{_last_used(copy):%Y-%m-%d}", _state(copy)
        )
    print_table(table)
    total = size(sum(copy.size_bytes for copy in copies))
    out.print(f"{total} in {model.quantized_folder()}", markup=False, highlight=False, soft_wrap=True)


def copies_of(name: str) -> list[model.Kept]:
    """Those of the model with this name: of the catalogue, of a repository, whatever its case, or of a folder."""
    found: list[model.Kept] = []
    for copy in all_copies():
        its_name = _name(copy)
        is_same = its_name is not None and its_name.lower() == name.lower()
        if its_name == name or (is_same and not model.is_path(name)):
            found.append(copy)
    return found


def useless_copies() -> list[model.Kept]:
    """Those that no model on this machine is loaded from."""
    return [copy for copy in all_copies() if _state(copy) != "current"]


def delete_copies(copies: Sequence[model.Kept]) -> int:
    """Deletes them; how many bytes are free again. One that is in use may stay, which is said."""
    freed = 0
    for copy in copies:
        if model.delete_kept(copy.path):
            freed += copy.size_bytes
        else:
            print_note(f"{copy.path} cannot be deleted. Close the editors that use it, then run this again.")
    return freed


def _name(copy: model.Kept) -> str | None:
    return None if copy.model is None else model.name_of_path(copy.model)


def _last_used(copy: model.Kept) -> datetime:
    return datetime.fromtimestamp(copy.used_s).astimezone()


def _state(copy: model.Kept) -> str:
    """`stale`: the model has other weights by now. `gone`: it is not here any more."""
    if copy.is_orphaned:
        return "gone"
    return "current" if copy.is_current else "stale"
