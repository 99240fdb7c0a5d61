"""Pages of HTML that need nothing beside them and run nothing, whatever a repository or a model wrote."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template


def rendered(page: Path, **values: object) -> str:
    """`page`: a template of jinja2, in which every value is escaped and none may be missing."""
    return _template(page).render(**values)


@cache
def _template(page: Path) -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(page.read_text("utf-8"))
