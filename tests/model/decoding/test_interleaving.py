"""Requests of different documents take turns, pass by pass: each writes what it writes alone, to the last bit."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from cancel_after import CancelAfter
from counting_backend import CountingBackend, expected
from drafts import FixedCosts, NothingCopied
from engine_pair import CONTEXT_TOKENS, Clock, Pair, check_exact
from fake_recorder import FakeRecorder, save_network
from interleaved import take_turns
from seekline import model
from seekline.model.decoding.request import Pause, Request
from seekline.model.decoding.scores import TokenScores
from seekline.model.errors import MustWait
from tiny_models import VOCABULARY, load, save_llama, save_v2_lite, with_noise

DOCUMENTS = "abcd"
CHEAP_DRAFTS = {0: 1.0, 1: 1.1, 3: 1.2, 7: 1.3}
SOURCES = (
    "def area(width, height):\n    return width * height\n\n\ndef volume(width, height, depth):\n    return ",
    "class Point:\n    def __init__(self, x, y):\n        self.x = x\n        self.y = y\n\n    def norm(self):\n",
    "import os\nimport sys\n\nfor name in os.listdir(sys.argv[1]):\n    path = os.path.join(",
    "def read(path):\n    with open(path) as file:\n        return file.read()\n\n\ndef write(path, text):\n    with ",
)


@dataclass
class Asked:
    """A request that can be made again: what is in it keeps a state of its own. `scores`: what the last one scored."""

    ids: list[int]
    make: Callable[[TokenScores], Request]
    scores: list[float] = field(default_factory=list)

    def on(self, engine: model.EngineCore[Any], **changes: Any) -> Iterator[int | Pause]:
        noted = TokenScores()
        self.scores = noted.log_probabilities
        return engine.steps(self.ids, replace(self.make(noted), **changes))


def check(make: Callable[[], model.EngineCore[Any]], ask: Callable[[str, random.Random], Asked], seeds: int) -> None:
    """Rounds of requests that take turns on one engine, against each alone on another that has seen the same. In the
    last but one, one is cancelled: what is computed once more then, is computed in other chunks."""
    for seed in range(seeds):
        chance = random.Random(seed)
        together, alone = make(), {key: make() for key in DOCUMENTS}
        for left in reversed(range(3)):
            asked = {key: ask(key, chance) for key in DOCUMENTS}
            wanted: dict[str, tuple[list[int], list[float]]] = {}
            for key, one in asked.items():
                written = take_turns([one.on(alone[key])], chance)[0]
                wanted[key] = written, one.scores
            cancelled = chance.choice(DOCUMENTS) if left == 1 else None
            cancel = CancelAfter(chance.randrange(12))
            steps = [one.on(together, **({"cancel": cancel} if key == cancelled else {})) for key, one in asked.items()]
            for (key, one), written in zip(asked.items(), take_turns(steps, chance), strict=True):
                tokens, scores = wanted[key]
                if key == cancelled and written[-1:] == [-1]:
                    tokens, scores = [*tokens[: len(written) - 1], -1], scores[: len(one.scores)]
                assert written == tokens
                assert one.scores == (scores if left else pytest.approx(scores, abs=1e-3)), "to the last bit"


def prompt(key: str, chance: random.Random) -> list[int]:
    """Of one document: its first tokens stay, so that its slot is used again; no other document has them."""
    known = random.Random(key)
    ids = [known.randrange(6, VOCABULARY) for _ in range(300)]
    return ids[: chance.choice([1, 40, 150, 300])] + [
        chance.randrange(6, VOCABULARY) for _ in range(chance.randrange(9))
    ]


@pytest.mark.usefixtures("each_forward")
@pytest.mark.parametrize("is_drafted", [False, True], ids=["alone", "with a draft model"])
def test_llama(tmp_path: Path, is_drafted: bool) -> None:
    """With guides, sampling, copied drafts and those of a model; more documents than have room."""
    folder = save_llama(tmp_path / "large", num_key_value_heads=2)
    loaded = load(folder)
    small = load(with_noise(folder, tmp_path / "small", 0.02)) if is_drafted else None
    index = model.VocabularyIndex.of(loaded.tokenizer)
    torch.set_num_threads(1)

    def make() -> model.EngineCore[Any]:
        drafts = model.DraftModel(
            small.engine._backend,
            chunk_tokens=32,
            kv_limit_bytes=1 << 30,
            draft_length=FixedCosts({0: 1.0, 2: 1.1}, probe_steps=0),
            prompt_ms=0,
        ) if small else None  # fmt: skip
        return model.EngineCore(
            loaded.engine._backend, chunk_tokens=64, draft_length=FixedCosts(CHEAP_DRAFTS), draft_model=drafts
        )

    def ask(key: str, chance: random.Random) -> Asked:
        ids, kind, seed = prompt(key, chance), chance.randrange(3), chance.randrange(1000)
        must_start = index.bytes_of(chance.randrange(300, VOCABULARY))

        def request(scores: TokenScores) -> Request:
            return Request(
                max_new_tokens=6,
                cancel=Event(),
                key=key,
                stop_ids=frozenset([1]),
                guide=model.Guide(must_start=must_start).start(index) if kind == 0 else None,
                sampling=model.Sampling(temperature=1.0, seed=seed) if kind == 1 else model.GREEDY,
                lookup=NothingCopied(ids) if small else model.PromptLookup([*ids, *ids[:8]]),
                scores=scores,
            )

        return Asked(ids, request)

    check(make, ask, 6)


def test_transformers(tmp_path: Path) -> None:
    loaded = load(save_v2_lite(tmp_path))

    def ask(key: str, chance: random.Random) -> Asked:
        ids = prompt(key, chance)

        def request(scores: TokenScores) -> Request:
            return Request(max_new_tokens=4, cancel=Event(), key=key, scores=scores)

        return Asked(ids, request)

    check(lambda: model.EngineCore(loaded.engine._backend, chunk_tokens=64), ask, 3)


def test_the_embedded_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what mixes copies in, a search for the likeliest line or drafts, and token healing."""
    plan = model.make_plan(model.ModelRequest(model=model.EMBEDDED, device="cpu"), base=Path())
    loaded = model.load_model(plan, threads=1)
    assert loaded.mixer is not None
    mixer = loaded.mixer
    before = dict(zip(DOCUMENTS, SOURCES, strict=True))

    def ask(key: str, chance: random.Random) -> Asked:
        text = before[key] + chance.choice(["", "x", "self.", "na"])
        others = tuple(chance.sample(SOURCES, 2))
        healed, searched = chance.random() < 0.5, chance.random() < 0.5
        must = text[-1:].encode() if healed else b""
        ids = [0, *loaded.tokenizer.encode_text(text[:-1] if healed else text)]

        def request(scores: TokenScores) -> Request:
            texts = model.CopyTexts(before=text, after="\n", others=others)
            mixture = mixer.start(texts, must)
            return Request(
                max_new_tokens=12,
                cancel=Event(),
                key=key,
                stop_ids=loaded.tokenizer.control_ids,
                guide=model.Guide(must_start=must).start(loaded.vocabulary_index) if must else None,
                mixture=mixture,
                search=model.LineSearch() if searched else None,
                lookup=mixture.drafts(),
                scores=scores,
            )

        return Asked(ids, request)

    backend: Any = loaded.engine._backend
    check(lambda: model.EngineCore(backend, chunk_tokens=16, draft_length=FixedCosts(CHEAP_DRAFTS)), ask, 6)


def test_a_device_that_is_a_step_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it chooses is overwritten by the others: it goes on from what it has told the host."""
    clock, recorder = Clock(), FakeRecorder()
    monkeypatch.setattr("seekline.model.decoding.request.monotonic", clock)
    pair = Pair(save_network(tmp_path, num_key_value_heads=2, max_position_embeddings=CONTEXT_TOKENS), recorder, clock)
    torch.set_num_threads(1)
    for seed in range(8):
        chance = random.Random(seed)
        ids = {key: prompt(key, chance) for key in "abc"}
        stops = {key: frozenset(chance.sample(range(VOCABULARY), 400)) for key in "abc"}
        lookups: dict[str, Any] = {"c": model.PromptLookup(ids["c"])}  # of which the host has a say in each token

        def steps(engine: model.EngineCore[Any], key: str) -> Iterator[int | Pause]:
            asked = Request(max_new_tokens=12, cancel=Event(), key=key, stop_ids=stops[key], lookup=lookups.get(key))  # noqa: B023
            return engine.steps(ids[key], asked)  # noqa: B023

        pair.plain.forget_all()
        wanted = [take_turns([steps(pair.plain, key)], chance)[0] for key in "abc"]
        assert take_turns([steps(pair.asynchronous, key) for key in "abc"], chance) == wanted
        check_exact(pair.asynchronous)
    assert recorder.count("fetch") > 50


class Together:
    """An engine over a hand-written backend whose every token depends on all before it, with room for `slots`."""

    def __init__(self, slots: int) -> None:
        self.backend = CountingBackend()
        self.engine = model.EngineCore(self.backend, chunk_tokens=4, kv_limit_bytes=100 * slots)

    def steps(self, ids: list[int], key: str, count: int = 5) -> Iterator[int | Pause]:
        return self.engine.steps(ids, Request(max_new_tokens=count, cancel=Event(), key=key))


def test_random_turns_with_little_room() -> None:
    """What is under way keeps its slot; what begins, waits where there is no room for it."""
    for seed in range(50):
        chance, together = random.Random(seed), Together(3)
        for _ in range(6):
            asked = {key: [chance.randrange(50) for _ in range(chance.randrange(1, 40))] for key in "abc"}
            steps = [together.steps(ids, key) for key, ids in asked.items()]
            for ids, written in zip(asked.values(), take_turns(steps, chance), strict=True):
                assert written == expected(ids, 5)
            together.engine.warm([chance.randrange(50)] * 9, cancel=Event(), key=chance.choice("def"))


def test_one_that_has_no_room_waits_and_costs_nothing() -> None:
    together = Together(2)
    first, second = together.steps([1] * 20, "a"), together.steps([2] * 20, "b")
    assert next(first) == Pause(5)
    assert next(second) == Pause(5)
    third = together.steps([3] * 6, "c")
    with pytest.raises(MustWait) as raised:
        next(third)
    assert raised.value.prompt_passes == 2
    assert [step for step in first if not isinstance(step, Pause)] == expected([1] * 20, 5)
    assert [step for step in together.steps([3] * 6, "c") if not isinstance(step, Pause)] == expected([3] * 6, 5)
    assert [step for step in second if not isinstance(step, Pause)] == expected([2] * 20, 5)
    assert together.engine.reusable_tokens([2] * 20) == 19, "what was held is still there"


def test_a_newer_request_of_a_document_ends_the_older_one_and_no_other() -> None:
    together = Together(9)
    older, other = together.steps([1] * 20, "a"), together.steps([2] * 20, "b")
    for one in (older, other, older):
        next(one)
    newer = together.steps([1] * 9, "a")
    assert take_turns([newer, older, other], random.Random(0)) == [
        expected([1] * 9, 5), [-1], expected([2] * 20, 5),
    ]  # fmt: skip


def test_a_full_device_gives_up_nothing_that_is_under_way() -> None:
    """The slots that nobody uses go first; then whoever begins has to wait, and whoever writes fails."""
    together = Together(9)
    together.engine.warm([7] * 9, cancel=Event(), key="idle")
    under_way = together.steps([1] * 20, "a")
    for _ in range(2):
        next(under_way)
    begins = together.steps([2] * 20, "b")
    next(begins)
    together.backend.fail_at = len(together.backend.chunks)
    with pytest.raises(model.OutOfMemory):
        next(begins)
    together.backend.fail_at = None
    assert len(together.engine._slots) == 2, "the idle one is given up"
    assert [step for step in under_way if not isinstance(step, Pause)] == expected([1] * 20, 5)
    assert [step for step in together.steps([2] * 20, "b") if not isinstance(step, Pause)] == expected([2] * 20, 5)
