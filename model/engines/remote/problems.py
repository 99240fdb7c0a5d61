"""What a failed exchange means for the user: the problem, and what to do about it. The same failure, the same words."""

from __future__ import annotations

from ...errors import RemoteFailed
from ..http.failures import HttpFailure
from .remote_model import KEY_VARIABLE, Address


def problem_of(
    failure: HttpFailure, address: Address, *, model: str = "", others: tuple[str, ...] = ()
) -> RemoteFailed:
    """`model`: what was asked for. `others`: what the server has instead."""
    said = f"{address.origin} {failure.detail}."
    match failure.kind:
        case "unreachable":
            return RemoteFailed(said, "Start the server, or set remote_url to where it is.")
        case "untrusted":
            return RemoteFailed(
                said, "Certificates are always verified; one of your own is trusted once SSL_CERT_FILE names it."
            )
        case "too slow":
            return RemoteFailed(said, "It may be busy; allow more by remote_timeout_ms or deadline_ms.")
        case "broken off":
            return RemoteFailed(said, "Its log says why; the next request tries again.")
        case "garbage":
            return RemoteFailed(said, "Set remote_url to where /completions of an OpenAI-compatible server is.")
        case "refused":
            return RemoteFailed(said, _remedy(failure, model, others))


def _remedy(failure: HttpFailure, model: str, others: tuple[str, ...]) -> str:
    match failure.status:
        case 401 | 403:
            return f"Put the key that it wants into the environment variable {KEY_VARIABLE}, or see remote_key."
        case 404 | 405:
            has = f" It has {', '.join(others)}." if others else ""
            return f"Check remote_url, and whether there is a model {model!r}: remote_model names another one.{has}"
        case 402:
            return "The account there has no credit left."
        case 429:
            return "It takes no more requests for now; ask less often by debounce_ms or mode, or wait."
        case status if status in range(300, 400):
            return "No redirect is followed, so that code goes only where you said: set remote_url to that address."
        case 400 | 413 | 422:
            return "Lower context_tokens if the prompt is too long for it; else see remote_prompt."
        case _:
            return "Its log says why; the next request tries again."
