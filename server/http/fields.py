"""What requests may say, as their schema has it. Fields that nobody here knows are ignored, as other servers do."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from .errors import refused
from .prompting import Wishes

MAX_STOPS = 32
MAX_CHOICES = 16
# A list of a million wrong items has one error that is told, not a million that hold up the server.
Stops = str | Annotated[list[str], Field(max_length=MAX_STOPS, fail_fast=True)] | None
Seed = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class Fields(BaseModel):
    """Of every request."""

    model_config = ConfigDict(extra="ignore", strict=False)


class SamplingFields(Fields):
    """How a text is chosen, as OpenAI's completions and chat completions say it."""

    model: str | None = None
    max_tokens: Annotated[int, Field(ge=0)] | None = None
    temperature: Annotated[float, Field(ge=0, le=5)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: int | None = None
    seed: Seed | None = None
    stop: Stops = None
    n: Annotated[int, Field(ge=1, le=MAX_CHOICES)] | None = None
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    user: str | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: dict[str, Any] | None = None

    @property
    def choices(self) -> int:
        return self.n or 1

    @property
    def says_usage(self) -> bool:
        return bool((self.stream_options or {}).get("include_usage"))

    @property
    def alternatives(self) -> int | None:
        """Of how many of the likeliest tokens at each place the answer tells how likely they are, beside the chosen
        one; None where it tells nothing of tokens."""
        return None

    def check(self) -> None:
        """Raises `HttpError` for what cannot be done, and would change what comes."""
        for name in ("frequency_penalty", "presence_penalty", "logit_bias"):
            if getattr(self, name):
                raise refused(name, f"{name} is not supported.")

    def wishes(self, *, choice: int = 0, max_tokens: int | None = None) -> Wishes:
        """For one of the choices, whose seeds follow each other."""
        return Wishes(
            max_tokens=self.max_tokens if max_tokens is None else max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k if self.top_k is not None and self.top_k > 0 else None,
            seed=None if self.seed is None else (self.seed + choice) % 2**63,
            stops=as_list(self.stop),
            # One at least: a device that decodes by itself tells nothing where nobody asks for alternatives.
            alternatives=0 if self.alternatives is None else max(1, self.alternatives),
        )


def as_list(stop: Stops) -> list[str]:
    if stop is None:
        return []
    return [stop] if isinstance(stop, str) else stop
