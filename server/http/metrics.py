"""What happens, as numbers for Prometheus. No text, name or path of a user is among them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from .gate import Gate

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The numbers of one server."""

    def __init__(self, gate: Gate) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "seekline_requests",
            "Requests, by endpoint and how they ended.",
            ["endpoint", "end"],
            registry=self.registry,
        )
        self.first_token_s = Histogram(
            "seekline_first_token_seconds", "Until the first token.", registry=self.registry, buckets=_SECONDS
        )
        self.whole_s = Histogram(
            "seekline_request_seconds", "Until the last token.", registry=self.registry, buckets=_SECONDS
        )
        self.prompt_tokens = Counter("seekline_prompt_tokens", "Tokens of prompts.", registry=self.registry)
        self.reused_tokens = Counter(
            "seekline_reused_tokens", "Tokens of prompts that needed no computing.", registry=self.registry
        )
        self.new_tokens = Counter("seekline_generated_tokens", "Tokens written.", registry=self.registry)
        running = Gauge("seekline_requests_running", "Requests in the engine.", registry=self.registry)
        running.set_function(lambda: gate.running)
        waiting = Gauge("seekline_requests_waiting", "Requests that wait for the engine.", registry=self.registry)
        waiting.set_function(lambda: gate.waiting)
