"""Requests that take turns on one server of llama.cpp: a prompt is computed in pieces, and others come between."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from llama_cpp_runs import PROMPT, ids_of, request, running, written
from seekline import model
from seekline.model.decoding.request import Pause
from seekline.model.engines.llama_cpp.runner import LlamaCppRunner
from seekline.model.engines.llama_cpp.sequences import SequenceMap
from seekline.model.errors import MustWait

LARGE = tuple(100 + n % 3000 for n in range(600))


def take_turns(
    runner: LlamaCppRunner, asked: Sequence[model.CompletionRequest], chance: random.Random
) -> list[list[model.Piece]]:
    """The pieces of each, where at each pause chance says whose turn it is."""
    pieces: list[list[model.Piece]] = [[] for _ in asked]
    under_way = {number: runner.write(each, Event()) for number, each in enumerate(asked)}
    while under_way:
        number = chance.choice(list(under_way))
        for step in under_way[number]:
            if isinstance(step, Pause):
                break
            pieces[number].append(step)
        else:
            del under_way[number]
    return pieces


def begun(runner: LlamaCppRunner, **wanted: Any) -> Iterator[model.Piece | Pause]:
    steps = runner.write(request(**wanted), Event())
    next(steps)
    return steps


def test_each_writes_what_it_writes_alone(tiny: tuple[Path, Path]) -> None:
    texts = {key: LARGE[start : start + 400] for key, start in (("a", 0), ("b", 7), ("c", 200))}
    guides = {"b": model.Guide(must_start=b"self.")}
    with running(tiny[1], sequence_tokens=1024) as alone, running(tiny[1], sequence_tokens=1024) as together:
        for seed in range(4):
            chance = random.Random(seed)
            asked = [
                request(key=key, ids=ids[: chance.choice([30, 200, 400])] + PROMPT, guide=guides.get(key))
                for key, ids in texts.items()
            ]
            wanted = [take_turns(alone, [each], chance)[0] for each in asked]
            found = take_turns(together, asked, chance)
            assert [ids_of(pieces) for pieces in found] == [ids_of(pieces) for pieces in wanted]
            assert [pieces[-1].usage for pieces in found] == [pieces[-1].usage for pieces in wanted]


def test_a_prompt_is_computed_batch_by_batch(runner: LlamaCppRunner) -> None:
    ids = LARGE[:300]
    steps = list(runner.write(request(key="large", ids=ids, max_new_tokens=1), Event()))
    assert [step.prompt_passes for step in steps if isinstance(step, Pause)] == [5, 4, 3, 2, 1, 0]
    usage = written(runner, key="large", ids=ids, max_new_tokens=1)[0].usage
    assert usage == model.Usage(prompt_tokens=300, reused_tokens=299)


def test_what_was_stopped_on_the_way_is_not_computed_again(runner: LlamaCppRunner) -> None:
    steps = begun(runner, key="stopped", ids=LARGE[50:350])
    for _ in range(3):
        next(steps)
    del steps
    again = list(runner.write(request(key="stopped", ids=LARGE[50:350], max_new_tokens=1), Event()))
    assert again[0] == Pause(2)
    usages = [step.usage for step in again if isinstance(step, model.Piece)]
    assert usages[0] == model.Usage(prompt_tokens=300, reused_tokens=192)


def test_a_server_whose_sequences_are_all_in_use(tiny: tuple[Path, Path]) -> None:
    bytes_each = model.inspect(tiny[0]).kv_bytes_per_token * 256
    with running(tiny[1], sequence_tokens=256, kv_limit_bytes=2 * bytes_each) as runner:
        first, second = begun(runner, key="a"), begun(runner, key="b")
        with pytest.raises(MustWait):
            begun(runner, key="c")
        with pytest.raises(MustWait) as raised:
            begun(runner, key="c", ids=LARGE)
        assert raised.value.for_all, "the server has to be started again, with more room"
        pieces = [step for step in first if isinstance(step, model.Piece)]
        assert len(ids_of(written(runner, key="c"))) == 12
        assert ids_of([step for step in second if isinstance(step, model.Piece)]) == ids_of(pieces)
        assert len(ids_of(written(runner, key="c", ids=LARGE))) == 12


def test_all_that_are_under_way_learn_of_its_death(tiny: tuple[Path, Path]) -> None:
    with running(tiny[1], sequence_tokens=1024) as runner:
        prefilling, writing = begun(runner, key="a", ids=LARGE), begun(runner, key="b", max_new_tokens=300)
        for steps in (prefilling, writing):
            next(steps)
        os.kill(runner.process_id, signal.SIGKILL)
        for steps in (writing, prefilling):
            with pytest.raises(model.EngineDied):
                list(steps)


def test_the_map_gives_up_none_that_is_held() -> None:
    sequences = SequenceMap(2)
    first, second = sequences.take("a", (1,)), sequences.take("b", (2,))
    with sequences.held(first):
        assert sequences.take("c", (3,)) == second
        sequences.forget("a")
        with sequences.held(second), pytest.raises(MustWait):
            sequences.take("d", (4,))
    assert sequences.take("d", (4,)) == first
