"""The mixture in numpy: what copy_mixture.c computes, readable and slow. See `reference`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

from .native import MOST_TOKENS, ORDERS, SOURCES, Candidates

if TYPE_CHECKING:
    from .inputs import NextToken
    from .mixture_weights import MixtureModel

_OF_MODEL, _OF_COPIES = 12, 24
_TOLD_ORDERS = [2, 5, 7, 9]
_LEAST_LOG_PROBABILITY = -29.0
_FAR = 1e7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Copies:
    """The candidates as arrays; one token each."""

    tokens: numpy.ndarray
    counts: numpy.ndarray
    longest: numpy.ndarray
    distance: numpy.ndarray

    @classmethod
    def of(cls, found: Candidates) -> _Copies:
        count = found.count
        counts = numpy.frombuffer(found.counts, dtype=numpy.float32).reshape(MOST_TOKENS, ORDERS, SOURCES)
        longest = numpy.frombuffer(found.longest, dtype=numpy.int32).reshape(MOST_TOKENS, SOURCES)
        return cls(
            tokens=numpy.frombuffer(found.token, dtype=numpy.int32)[:count],
            counts=counts[:count].astype(numpy.float64),
            longest=longest[:count],
            distance=numpy.frombuffer(found.distance, dtype=numpy.float32)[:count],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranked:
    """A token that is ranked anew, its number among the copies or -1, and its probability by backoff."""

    token: int
    copy: int
    backoff: float


def mix(mixture: MixtureModel, next: NextToken, found: Candidates) -> numpy.ndarray:
    """The logarithms of the mixed probabilities. See `Mixture.mix`."""
    plain, end = _log_probabilities(mixture, next.logits, next.allowed)
    copies = _Copies.of(found)
    ranked = _choose(mixture, copies, plain)
    if not ranked:
        return plain.astype(numpy.float32)
    features = _features(mixture, copies, plain, ranked, next)
    scores = _scores(mixture, features, numpy.array([one.backoff for one in ranked]))
    scores -= scores.max()
    shares = numpy.exp(scores) / numpy.exp(scores).sum()
    out = plain + numpy.log(mixture.plain_share)
    for one, share in zip(ranked, shares, strict=True):
        out[one.token] = numpy.log((1 - mixture.plain_share) * share + numpy.exp(out[one.token]))
    if end is not None and end != mixture.newline:
        out[end] = out[mixture.newline]
        out[mixture.newline] = -numpy.inf
    return out.astype(numpy.float32)


def _log_probabilities(
    mixture: MixtureModel, logits: numpy.ndarray, allowed: numpy.ndarray | None
) -> tuple[numpy.ndarray, int | None]:
    """Of the model, those of all tokens that end the line at `newline`; and which of these it likes best."""
    among = numpy.full(len(logits), -numpy.inf)
    ids = numpy.arange(len(logits)) if allowed is None else allowed
    among[ids] = logits[ids]
    most = among.max()
    among -= most + numpy.log(numpy.exp(among - most).sum())
    ends = mixture.line_ends[among[mixture.line_ends] > -numpy.inf]
    if not len(ends):
        return among, None
    best = int(ends[logits[ends].argmax()])
    whole = numpy.exp(among[ends]).sum()
    among[ends] = -numpy.inf
    among[mixture.newline] = numpy.log(whole + 1e-30)
    return among, best


def _backoff(mixture: MixtureModel, copies: _Copies, plain: numpy.ndarray) -> tuple[numpy.ndarray, float]:
    """Interpolated backoff: the probability of each copy, and by what the model's own share of all others shrinks."""
    weights = mixture.weights
    is_allowed = plain[copies.tokens] > -numpy.inf
    probabilities = numpy.exp(plain[copies.tokens])
    rest = 1.0
    for order in range(ORDERS):
        own = copies.counts[:, order] @ weights.weight[order]
        total = own[is_allowed].sum()
        if total <= 0:
            continue
        kinds = (copies.counts[is_allowed, order] > 0).sum(axis=0).max()
        shorter = weights.constant[order] + weights.per_kind[order] * kinds
        probabilities = (own + shorter * probabilities) / (total + shorter)
        rest *= shorter / (total + shorter)
    return probabilities, float(rest)


def _choose(mixture: MixtureModel, copies: _Copies, plain: numpy.ndarray) -> list[_Ranked]:
    """The likeliest copies, and the model's own best."""
    probabilities, rest = _backoff(mixture, copies, plain)
    number_of = {int(token): number for number, token in enumerate(copies.tokens)}
    best = [int(n) for n in numpy.argsort(-probabilities, kind="stable") if plain[copies.tokens[n]] > -numpy.inf]
    ranked = [_Ranked(token=int(copies.tokens[n]), copy=n, backoff=float(probabilities[n])) for n in best[:_OF_COPIES]]
    known = {one.token for one in ranked}
    for token in numpy.argsort(-plain, kind="stable")[:_OF_MODEL].tolist():
        if token in known or plain[token] <= _LEAST_LOG_PROBABILITY:
            continue
        copy = number_of.get(token, -1)
        backoff = rest * numpy.exp(plain[token]) if copy < 0 else probabilities[copy]
        ranked.append(_Ranked(token=token, copy=copy, backoff=float(backoff)))
    return ranked


def _features(
    mixture: MixtureModel, copies: _Copies, plain: numpy.ndarray, ranked: list[_Ranked], next: NextToken
) -> numpy.ndarray:
    """Shape (ranked, 63), in the order of `features_of` in copy_mixture.c."""
    is_allowed = plain[copies.tokens] > -numpy.inf
    longest = copies.longest[is_allowed].max(axis=0, initial=0)
    totals = copies.counts[is_allowed][:, _TOLD_ORDERS].sum(axis=0)
    likelihoods = plain[[one.token for one in ranked]]
    scores = numpy.log(numpy.array([one.backoff for one in ranked]) + 1e-9)
    place = _place_features(next)
    rows: list[list[float]] = []
    for one, likelihood, score in zip(ranked, likelihoods, scores, strict=True):
        row = [likelihood / 4, numpy.exp(likelihood), (likelihood - likelihoods.max()) / 4]
        row += [score / 4, numpy.exp(score), (score - scores.max()) / 4, likelihoods.max() / 4, scores.max() / 4]
        row += _copy_features(copies, one, longest, totals)
        row += _token_features(mixture, copies, one, place)
        rows.append(row)
    return numpy.array(rows)


def _copy_features(copies: _Copies, one: _Ranked, longest: numpy.ndarray, totals: numpy.ndarray) -> list[float]:
    row: list[float] = []
    for source in range(SOURCES):
        own = 0 if one.copy < 0 else copies.longest[one.copy, source]
        row += [numpy.log1p(own) / 2, own > 0 and own == longest[source], numpy.log1p(longest[source]) / 2]
        for number, order in enumerate(_TOLD_ORDERS):
            count = 0 if one.copy < 0 else copies.counts[one.copy, order, source]
            row += [numpy.log1p(count) / 2, count / (totals[number, source] + 1)]
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What is the same for all tokens: about the line so far."""

    is_in_word: bool
    depth: int
    quotes: int
    length: int
    must_size: int
    tokens: int


def _place_features(next: NextToken) -> _Place:
    known = next.line[: len(next.line) - next.must_size]
    code = known.strip(b" \t")
    depth = sum(map(code.count, (b"(", b"[", b"{"))) - sum(map(code.count, (b")", b"]", b"}")))
    return _Place(
        is_in_word=bool(known) and (known[-1] >= 0x80 or known[-1:].isalnum() or known[-1:] == b"_"),
        depth=min(3, max(-3, depth)),
        quotes=sum(map(code.count, (b'"', b"'", b"`"))),
        length=len(code) + next.must_size,
        must_size=next.must_size,
        tokens=next.tokens,
    )


def _token_features(mixture: MixtureModel, copies: _Copies, one: _Ranked, place: _Place) -> list[float]:
    size, opens, closes, quotes, ends_word, starts_word, starts_space = mixture.facts[one.token].tolist()
    is_copy = one.copy >= 0
    distance = copies.distance[one.copy] if is_copy else _FAR
    longest = copies.longest[one.copy].max() if is_copy else 0
    beyond = min(8, max(-8, size - place.must_size)) / 8 if place.must_size else 0
    return [
        *(numpy.log(distance + 1) / 8, is_copy, one.token == mixture.newline),
        *(ends_word, starts_word, starts_space, place.is_in_word, place.is_in_word * starts_word),
        *(min(place.tokens, 10) / 5, place.tokens == 0, size / 8, place.must_size > 0, beyond),
        *(place.depth / 2, opens, closes, (place.depth + opens - closes) / 2),
        *(longest > place.length, numpy.log1p(place.length) / 4),
        *(quotes, place.quotes % 2, (place.quotes + quotes) % 2),
    ]


def _scores(mixture: MixtureModel, features: numpy.ndarray, backoff: numpy.ndarray) -> numpy.ndarray:
    """By a layer of rectified units, and the backoff's log-probability."""
    weights = mixture.weights
    units = (features - weights.mean) * weights.scale @ weights.first + weights.first_bias
    return units.clip(0) @ weights.second + weights.rest[0] + weights.rest[1] * numpy.log(backoff + 1e-9)
