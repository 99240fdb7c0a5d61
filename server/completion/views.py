"""Prompts and completions as JSON, for the command line and for the command `seekline.prompt`."""

from __future__ import annotations

from typing import Any

from ... import fim
from .completion import Completion
from .prompts import BuiltPrompt


def prompt_as_json(built: BuiltPrompt) -> dict[str, Any]:
    """The prompt as `seekline prompt --json` and the command `seekline.prompt` show it."""
    prompt = built.prompt
    pieces = [
        {"text": piece.text} if isinstance(piece, fim.Text) else {"special": piece.token} for piece in prompt.pieces
    ]
    return {
        "prompt": prompt.text,
        "tokens": built.tokens,
        "prefix": prompt.prefix,
        "suffix": prompt.suffix,
        "pieces": pieces,
        "parts": [
            {"path": part.path, "kind": part.kind, "reason": part.reason, "tokens": part.tokens}
            for part in prompt.parts
        ],
        "must_start": prompt.must_start,
    }


def completion_as_json(completion: Completion, model_name: str) -> dict[str, Any]:
    """The completion as `seekline complete --json` prints it. No completion is an empty text."""
    return {
        "completion": completion.text or "",
        "model": model_name,
        "prompt_tokens": completion.prompt_tokens,
        "reused_tokens": completion.reused_tokens,
        "new_tokens": completion.new_tokens,
        "first_token_ms": round(completion.first_token_ms, 1),
        "total_ms": round(completion.total_ms, 1),
        "finish": completion.finish,
        "log_probability": None if completion.log_probability is None else round(completion.log_probability, 3),
    }
