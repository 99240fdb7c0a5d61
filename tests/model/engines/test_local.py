"""The engine in this process, asked by several at once: they take turns, and a model is never taken from under one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from local_requests import CONTEXT_TOKENS, LARGE, SOON_S, Asking, Served, eventually, short
from seekline import model
from tiny_models import save_llama


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llama(tmp_path_factory.mktemp("llama"), num_key_value_heads=1, max_position_embeddings=CONTEXT_TOKENS)


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    made = Served(folder)
    yield made
    assert made.engine.close(SOON_S)


def test_typed_characters_do_not_wait_for_a_large_prompt(served: Served) -> None:
    alone = [served.ask(short(seed), f"file {seed}").result() for seed in range(3)]
    large = served.ask_large()
    for seed in range(3):
        assert served.ask(short(seed), f"file {seed}").result() == alone[seed]
        assert served.ask(short(seed + 5), f"file {seed}").result()
    assert not large.pieces
    written = served.end(large)
    assert len(written) == 8
    assert served.ask(LARGE, "large").result() == written


def test_one_that_nobody_has_asked_for_gives_way(served: Served) -> None:
    ahead = served.ask_large(is_ahead=True)
    other = served.ask(short(1), "other")
    assert len(other.result()) == 8
    assert ahead.is_alive()
    assert len(served.ask(LARGE[:200], "large").result()) == 8
    with pytest.raises(model.Cancelled):
        ahead.result()


def test_a_warm_prompt_gives_way_too(served: Served) -> None:
    version = served.engine.info().result(SOON_S).version
    request = model.CompletionRequest(ids=LARGE, key="large", version=version, max_new_tokens=0)
    served.engine.warm(request, Event())
    eventually(lambda: len(served.slot_ids()) > 100)
    assert len(served.ask(short(1), "other").result()) == 8
    assert len(served.ask(LARGE[:100], "large").result()) == 8
    eventually(lambda: served.engine.status.idle)
    assert len(served.slot_ids()) < 200, "it was ended by who asked for its document"


def test_a_cancel_ends_one_that_is_paused(served: Served) -> None:
    paused = served.ask_large()
    other = served.ask(short(1), "other", max_new_tokens=2000)
    eventually(lambda: len(other.pieces) > 3)
    paused.cancel.set()
    with pytest.raises(model.Cancelled):
        paused.result()
    computed = len(served.slot_ids())
    assert len(other.result()) == 2000
    assert len(served.slot_ids()) == computed < len(LARGE)


def test_close_ends_all_of_them(folder: Path) -> None:
    served = Served(folder)
    asked = [served.ask_large(), *(served.ask(short(n), f"{n}", max_new_tokens=4000) for n in range(3))]
    eventually(lambda: any(one.pieces for one in asked))
    assert served.engine.close(SOON_S)
    for one in asked:
        with pytest.raises(model.Cancelled):
            one.result()


def test_close_gives_back_what_is_still_being_loaded(folder: Path) -> None:
    """Whether or not whoever closes it waits for that."""
    begun, may_go_on = Event(), Event()

    def make_room(request: model.ModelRequest, _: Path) -> model.ModelRequest:
        begun.set()
        assert may_go_on.wait(SOON_S)
        return request

    engine = model.LocalEngine(lambda _: None, make_room)
    request = model.ModelRequest(model=str(folder), device="cpu")
    engine.load(model.LocalModel(request=request, base=folder, threads=1, max_new_tokens=8))
    assert begun.wait(SOON_S)
    assert not engine.close(0)
    may_go_on.set()
    eventually(lambda: not engine._scheduler._thread.is_alive())
    assert engine.plan is None


def test_another_model_waits_until_nobody_is_under_way(served: Served, tmp_path: Path) -> None:
    alone = served.ask(short(1), "other", max_new_tokens=300).result()
    large = served.ask_large()
    other = served.ask(short(1), "other", max_new_tokens=300)
    served.folder = save_llama(tmp_path, seed=5, max_position_embeddings=512)
    served.want(sequence_tokens=0)
    late = Asking(served.engine, ids=short(2), key="late")
    assert other.result() == alone
    assert len(served.end(large)) == 8
    assert len(late.result()) == 8
    with pytest.raises(model.InfoChanged):
        Asking(served.engine, ids=short(2), key="late", version=large.request.version).result()


def test_unloading_waits_for_what_is_under_way(served: Served) -> None:
    large = served.ask_large()
    served.engine._unload()
    assert len(served.end(large)) == 8
    eventually(lambda: served.engine.status.state == "not loaded")
    assert len(served.ask(short(1), "other").result()) == 8


def test_a_request_keeps_an_idle_model_loaded(served: Served) -> None:
    large = served.ask_large()
    served.engine._unload()
    assert len(served.ask(short(1), "other").result()) == 8, "asked for while the unloading still waits"
    assert len(served.end(large)) == 8
    assert served.engine.status.state == "ready"
