"""Which files an import means: one module per way of finding them, chosen by the grammar's `resolver`.

Each has two functions: `modules` finds the files of a module that an import names, `package` the files whose names are
visible without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from .path_parts import normalise
from .project import Kept, Paths, Project, ReadSource

__all__ = ["Kept", "Paths", "Project", "ReadSource", "Resolver", "normalise", "resolver_named"]


class Resolver(Protocol):
    def modules(self, spec: str, name: str | None, importer: str, project: Project) -> Sequence[str]:
        """The files of the module `spec` as the file `importer` spells it; empty outside the workspace.

        `name`: what is wanted from it, where the language says by the name in which file that is.
        """
        ...

    def package(self, name: str | None, importer: str, project: Project) -> Sequence[str]:
        """The files whose definitions `importer` sees without an import, the likeliest first.

        `name`: where only one name is wanted; None for all that are worth looking into.
        """
        ...


@cache
def resolver_named(name: str) -> Resolver:
    return cast(Resolver, import_module(f".{name}", __package__))
