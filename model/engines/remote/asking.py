"""The body of a request to `/completions`, for each kind of server."""

from __future__ import annotations

from typing import Any

from ..engine import CompletionRequest, ControlToken
from .remote_model import Takes
from .server_facts import COUNTS_ALL_ALONG, STOPS_BY_ID, TAKES_IDS, ServerFacts
from .spelling import Speller

_MOST_STOP_IDS = 2048


def body_of(
    request: CompletionRequest, facts: ServerFacts, takes: Takes, speller: Speller, *, has_extras: bool
) -> dict[str, Any]:
    """`has_extras`: whether it asks for probabilities and counts, which not every server knows.

    No text is named that ends a completion: any text that could be named may well stand in code.
    """
    body: dict[str, Any] = {
        "model": facts.model,
        "max_tokens": request.max_new_tokens,
        "temperature": request.sampling.temperature,
        "stream": True,
    }
    if takes == "ids":
        body["prompt"] = list(request.ids)
    elif takes == "suffix":
        body["prompt"], body["suffix"] = speller.plain(request.prefix), speller.plain(request.suffix)
    else:
        body["prompt"] = speller.write(request.pieces)
    if request.sampling.top_p < 1:
        body["top_p"] = request.sampling.top_p
    if request.sampling.top_k is not None and facts.owner in TAKES_IDS:  # OpenAI's own API has no such parameter
        body["top_k"] = request.sampling.top_k
    if request.sampling.seed is not None:
        body["seed"] = request.sampling.seed
    if has_extras:
        body["logprobs"] = 1
        body["stream_options"] = {"include_usage": True}
        if facts.owner in COUNTS_ALL_ALONG:
            body["stream_options"]["continuous_usage_stats"] = True
    if facts.owner in STOPS_BY_ID and 0 < len(request.stop_ids) <= _MOST_STOP_IDS:
        body["stop_token_ids"] = sorted(request.stop_ids)
    return body


def ends_of(request: CompletionRequest) -> frozenset[str]:
    """The control tokens of the prompt: a model that writes one means the end, and not every server leaves it out."""
    found = {piece.spelling for piece in request.pieces if isinstance(piece, ControlToken)}
    return frozenset(found - {"@bos"})
