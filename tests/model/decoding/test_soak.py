"""Thousands of requests to a real model, with all that happens in an editor: nothing is left behind, nothing drifts."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from weakref import WeakSet

import psutil
import pytest
from cancel_after import CancelAfter
from drafts import FixedCosts, NothingCopied
from seekline import model
from seekline.model.backends.llama.kv_cache import LlamaKVCache
from tiny_models import load, save_llama, with_noise

REQUESTS = 5000
WARM_REQUESTS = 500
DOCUMENTS = 7
SLOTS = 3
CAPACITY_TOKENS = 256
NEW_TOKENS = 6
# One KV cache of a document that is not given back is 128 KiB here; one in fifty would show.
MOST_GROWTH_BYTES = 8 << 20


@contextmanager
def alive_caches(patch: pytest.MonkeyPatch) -> Iterator[WeakSet[LlamaKVCache]]:
    """All KV caches that something still holds."""
    alive: WeakSet[LlamaKVCache] = WeakSet()
    make = LlamaKVCache.__init__

    def made(self: LlamaKVCache, *args: object, **kwargs: object) -> None:
        make(self, *args, **kwargs)  # pyright: ignore[reportArgumentType]
        alive.add(self)

    patch.setattr(LlamaKVCache, "__init__", made)
    yield alive


def engine_of(large: Path, small: Path) -> model.EngineCore[LlamaKVCache]:
    """With room for the KV of a few documents, in the large model and in the small one that drafts."""
    backend, drafting = load(large).engine._backend, load(small).engine._backend
    return model.EngineCore(
        backend,
        chunk_tokens=32,
        kv_limit_bytes=SLOTS * CAPACITY_TOKENS * backend.kv_bytes_per_token,
        draft_length=FixedCosts({0: 1.0, 1: 1.1, 3: 1.2}, probe_steps=2),
        draft_model=model.DraftModel(
            drafting,
            chunk_tokens=64,
            kv_limit_bytes=SLOTS * CAPACITY_TOKENS * drafting.kv_bytes_per_token,
            draft_length=FixedCosts({0: 1.0, 1: 1.1, 3: 1.2}, probe_steps=2),
            prompt_ms=0,
        ),
    )


def edit(text: list[int], chance: random.Random) -> None:
    """Types, deletes or replaces; now and then the document becomes another one."""
    at = chance.randrange(len(text))
    text[at : at + chance.choice([0, 0, 1, 20])] = [chance.randrange(6, 4096) for _ in range(chance.choice([1, 1, 15]))]
    if len(text) > 120 or chance.random() < 0.01:
        text[:] = [chance.randrange(6, 4096) for _ in range(40)]


def request(engine: model.EngineCore[LlamaKVCache], text: list[int], key: int, chance: random.Random) -> None:
    """One that is answered, cancelled at any place, left half read, late, or only warmed up."""
    what = chance.random()
    if what < 0.05:
        engine.warm(text, cancel=Event(), key=key)
        return
    tokens = engine.generate(
        text,
        max_new_tokens=NEW_TOKENS,
        cancel=CancelAfter(chance.randrange(25)) if what < 0.5 else Event(),
        key=key,
        lookup=chance.choice([model.PromptLookup, NothingCopied])(text),
        deadline_s=0 if what > 0.95 else None,
    )
    with suppress(model.Cancelled):
        for count, _ in enumerate(tokens):
            if count == chance.randrange(3 * NEW_TOKENS):
                break


def resident_bytes() -> int:
    gc.collect()
    return psutil.Process().memory_info().rss


def test_five_thousand_requests_to_a_real_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = save_llama(tmp_path / "large", num_key_value_heads=2)
    small = with_noise(large, tmp_path / "small", 0.02)
    chance, before, key = random.Random(0), 0, 0
    texts = [[chance.randrange(6, 4096) for _ in range(60)] for _ in range(DOCUMENTS)]
    with alive_caches(monkeypatch) as alive:
        engine = engine_of(large, small)
        for number in range(REQUESTS):
            key = key if chance.random() < 0.6 else chance.randrange(DOCUMENTS)
            edit(texts[key], chance)
            request(engine, texts[key], key, chance)
            if number == WARM_REQUESTS:
                before = resident_bytes()
            if number % 500 == 499:
                gc.collect()
                assert len(alive) <= 2 * SLOTS
        assert resident_bytes() - before < MOST_GROWTH_BYTES
        check_exact(engine, load(large).engine._backend, texts)
    statistics = engine.statistics
    assert REQUESTS / 10 < statistics.accepted < statistics.drafted, "drafts were tried, right and wrong ones"
    assert statistics.reused > statistics.computed / 4, "KV was reused"


def check_exact(
    engine: model.EngineCore[LlamaKVCache], reference: model.Backend[LlamaKVCache], texts: list[list[int]]
) -> None:
    """What is kept by now, of each document, still gives what computing all of it anew gives."""
    for key, text in enumerate(texts):
        written: list[int] = []
        while len(written) < NEW_TOKENS:
            ids = text + written
            written.append(int(reference.forward(ids, reference.new_kv(len(ids)), Event())[-1].argmax()))
        tokens = engine.generate(text, max_new_tokens=NEW_TOKENS, cancel=Event(), key=key, lookup=NothingCopied(text))
        assert list(tokens) == written
