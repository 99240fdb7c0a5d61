"""How many cards a team needs, on paper: `python bench/capacity.py [--busy 0.15] [--requests 60] ...`.

Every number that is assumed is an option, so that a reader can put in their own. deploy/CAPACITY.md has the tables as
they come out without options, and says where the numbers are from; a test compares them.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from math import ceil

TEAMS = (10, 1_000, 100_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card with a 6.7B model in 16 bits. `decode`: tokens a second of all sequences together where latency begins to
    rise; `prefill`: tokens a second; `hour`: what it costs, in dollars."""

    name: str
    decode: float
    prefill: float
    hour: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one developer asks. `busy`: the share of working time in which they type; `peak`: how much more than the
    mean comes at once; `used`: how much of a card may be used, so that queues stay short."""

    busy: float
    peak: float
    requests_a_minute: float
    prompt_tokens: float
    reused: float
    new_tokens: float
    used: float
    hours_a_month: float


CARDS = (
    Card(name="RTX 4090 24 GB", decode=234, prefill=6_160, hour=0.5),
    Card(name="A100 40 GB", decode=500, prefill=12_000, hour=1.5),
    Card(name="H100 80 GB", decode=1000, prefill=30_000, hour=2.5),
)


def requests_a_second(developers: int, demand: Demand) -> float:
    """At the peak."""
    return developers * demand.busy * demand.peak * demand.requests_a_minute / 60


def seconds_of(card: Card, demand: Demand) -> float:
    """Of the card for one request: what of the prompt is new, and what is written."""
    return demand.prompt_tokens * (1 - demand.reused) / card.prefill + demand.new_tokens / card.decode


def cards_for(developers: int, card: Card, demand: Demand) -> int:
    """One more than the load needs, so that one may fail."""
    return ceil(requests_a_second(developers, demand) * seconds_of(card, demand) / demand.used) + 1


def table(demand: Demand) -> str:
    """As Markdown."""
    rows = [
        "| developers | requests a second at the peak | card | cards, one of them spare | dollars a month |",
        "| --- | --- | --- | --- | --- |",
    ]
    for developers in TEAMS:
        for card in CARDS:
            cards = cards_for(developers, card, demand)
            dollars = cards * card.hour * demand.hours_a_month
            rate = requests_a_second(developers, demand)
            rows.append(f"| {developers:,} | {rate:,.1f} | {card.name} | {cards:,} | {dollars:,.0f} |")
    return "\n".join(rows)


def demand_of(given: argparse.Namespace) -> Demand:
    return Demand(
        busy=given.busy,
        peak=given.peak,
        requests_a_minute=given.requests,
        prompt_tokens=given.prompt,
        reused=given.reused,
        new_tokens=given.new,
        used=given.used,
        hours_a_month=given.hours,
    )


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--busy", type=float, default=0.15, help="share of working time in which a developer types")
    parser.add_argument("--peak", type=float, default=2.0, help="the busiest minute over the mean")
    parser.add_argument("--requests", type=float, default=52, help="a minute of typing")
    parser.add_argument("--prompt", type=float, default=2048, help="tokens")
    parser.add_argument("--reused", type=float, default=0.75, help="share of the prompt that was computed before")
    parser.add_argument("--new", type=float, default=20, help="tokens written until the end or the next key")
    parser.add_argument("--used", type=float, default=0.6, help="of a card, at the peak")
    parser.add_argument("--hours", type=float, default=730, help="a month; 200 where cards are given back at night")
    return parser


if __name__ == "__main__":
    print(table(demand_of(options().parse_args())))
