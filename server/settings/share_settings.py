"""The settings that say how the editors of a user share one engine process; see `settings`.

They concern all of the user's editors, so nothing that a repository brings may set them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .field import Auto, SettingsGroup, others_may_do


class ShareSettings(SettingsGroup):
    """Whether there is such a process, and how long and how large it is."""

    share: bool = Field(
        default=True,
        description="One process holds the model for all of your editors. Without it each editor's server holds its "
        "own, as it does where that process can't be had. `SEEKLINE_SHARE=0` in the environment says so, too.",
        json_schema_extra=others_may_do("nothing"),
    )
    engine_keep_seconds: Literal["always"] | Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=10.0,
        description="How long that process stays once the last editor has left; `always`: until `seekline stop`.",
        json_schema_extra=others_may_do("nothing"),
    )
    engine_memory_gb: Auto | Annotated[float, Field(ge=0.1, le=100_000)] = Field(
        default="auto",
        description="The most that its models may take together, weights and KV caches; `auto`: what is free. What "
        "the first editor says holds for all.",
        json_schema_extra=others_may_do("nothing"),
    )
