"""What settings are made of: the model of pydantic's that they are groups of, and what others may do with one.

A workspace's file and an editor's settings are others': a repository can bring both along.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel

Others = Literal["nothing", "ask", "add", "set"]
"""What a workspace's file and an editor's settings may do with a setting:

- nothing: it can run code, open a connection, read outside the workspace, or lift another protection;
- ask: a folder counts once the user has agreed to it;
- add: items may come, none may go, since each protects something;
- set: the worst that any value does is to cost time or to complete badly.
"""


def others_may_do(others: Others, **extra: JsonValue) -> dict[str, JsonValue]:
    return {"x-others-may": others, **extra}


Auto = Literal["auto"]
Texts = Annotated[tuple[str, ...], BeforeValidator(lambda v: tuple(v) if isinstance(v, list) else v)]
NOTHING = "none"
"""As `packed_model` or `adapter`."""
LEARNED = "auto"
"""As `adapter`: what was learned from the workspace."""


class SettingsGroup(BaseModel):
    """Some of the settings, checked and complete."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, strict=True, populate_by_name=True)
