"""A model that llama.cpp computes: what it writes, what of a prompt it computes, and when it stops."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from time import monotonic, sleep

import psutil
import pytest
from llama_cpp_runs import PROMPT, ids_of, pieces_of, request, running, text_of, written
from seekline import model
from seekline.model.decoding.request import Pause
from seekline.model.decoding.scores import TokenScores
from seekline.model.engines.llama_cpp.runner import LlamaCppRunner
from tiny_models import load

GUIDES = {
    "a healed operator": model.Guide(must_start=b"  "),
    "bytes of several tokens": model.Guide(must_start=b"self.value"),
    "a character in two tokens": model.Guide(must_start="ǆ".encode()),
    "names": model.Guide(must_start=b".", names=frozenset([b"alpha", b"beta", b"beta_two"])),
    "one name": model.Guide(names=frozenset([b"frobnicate"])),
    "the end of a name": model.Guide(names=frozenset([b"", b"_two"])),
}


@pytest.fixture(scope="module")
def in_process(tiny: tuple[Path, Path]) -> model.LoadedModel:
    return load(tiny[0])


def expected(loaded: model.LoadedModel, count: int, guide: model.Guide | None = None) -> tuple[list[int], TokenScores]:
    """The tokens of our own forward pass, and how likely they and others were."""
    scores = TokenScores(alternatives=4)
    state = None if guide is None else guide.start(loaded.vocabulary_index)
    tokens = loaded.engine.generate(
        PROMPT, max_new_tokens=count, cancel=Event(), guide=state, stop_ids=CONTROL, scores=scores
    )
    return list(tokens), scores


CONTROL = model.Tokenizer(model.embedded_folder()).control_ids


def test_tokens_and_their_odds(runner: LlamaCppRunner, in_process: model.LoadedModel) -> None:
    tokens, scores = expected(in_process, 8)
    pieces = written(runner, max_new_tokens=8, stop_ids=CONTROL)
    assert ids_of(pieces) == tokens
    assert text_of(pieces) == in_process.tokenizer.decode(tokens)
    assert [piece.log_probability for piece in pieces[:8]] == pytest.approx(scores.log_probabilities, abs=0.03)
    assert pieces[-1].end == "length"
    assert all(piece.end is None for piece in pieces[:-1])


@pytest.mark.parametrize("guide", [None, GUIDES["bytes of several tokens"]], ids=["free", "guided"])
def test_what_else_was_likely(guide: model.Guide | None, runner: LlamaCppRunner, in_process: model.LoadedModel) -> None:
    _, scores = expected(in_process, 4, guide)
    pieces = written(runner, max_new_tokens=4, stop_ids=CONTROL, guide=guide, alternatives=4)
    for piece, likeliest in zip(pieces, scores.likeliest, strict=False):
        found = [one.log_probability for one in piece.likeliest]
        assert found == pytest.approx([one.log_probability for one in likeliest], abs=0.03)
    assert all(not piece.likeliest for piece in written(runner, max_new_tokens=4, stop_ids=CONTROL, guide=guide))


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_holds_as_in_our_own_decoding(name: str, runner: LlamaCppRunner, in_process: model.LoadedModel) -> None:
    guide = GUIDES[name]
    tokens, _ = expected(in_process, 8, guide)
    pieces = written(runner, max_new_tokens=8, stop_ids=CONTROL, guide=guide)
    # A token that ends within a character is told with the next one, which random weights write too often.
    told = next((n for n, id in enumerate(tokens) if not in_process.tokenizer.bytes_of(id).isascii()), len(tokens))
    assert ids_of(pieces)[:told] == tokens[:told]
    assert text_of(pieces).encode().startswith(guide.must_start)


def test_texts_to_differ_from(runner: LlamaCppRunner, in_process: model.LoadedModel) -> None:
    first = text_of(written(runner, max_new_tokens=4))
    guide = model.Guide(unlike=(first.encode(),))
    second = written(runner, max_new_tokens=4, guide=guide)
    assert text_of(second)[:1] != first[:1]
    assert ids_of(second)[:3] == expected(in_process, 3, guide)[0]


def test_a_stop_token_ends_the_text(runner: LlamaCppRunner) -> None:
    plain = written(runner, max_new_tokens=6)
    stop = plain[3].ids[0]
    pieces = written(runner, max_new_tokens=6, stop_ids=frozenset([stop]))
    assert ids_of(pieces) == ids_of(plain)[:3]
    assert pieces[-1].end == "end"
    assert pieces[-1].log_probability == pytest.approx(plain[3].log_probability, abs=0.01)


def test_sampling_by_a_seed(runner: LlamaCppRunner) -> None:
    sampling = model.Sampling(temperature=1.5, seed=7)
    one = written(runner, sampling=sampling)
    assert ids_of(one) == ids_of(written(runner, sampling=sampling))
    assert ids_of(one) != ids_of(written(runner))
    guided = written(runner, sampling=sampling, guide=model.Guide(must_start=b"self."))
    assert text_of(guided).startswith("self.")


def test_one_added_token_costs_one(runner: LlamaCppRunner) -> None:
    written(runner, key="typing", max_new_tokens=1)
    for count in range(1, 4):
        ids = (*PROMPT, *range(100, 100 + count))
        usage = written(runner, key="typing", ids=ids, max_new_tokens=1)[0].usage
        assert usage == model.Usage(prompt_tokens=len(ids), reused_tokens=len(ids) - 1)


def test_documents_keep_what_was_computed_for_them(tiny: tuple[Path, Path]) -> None:
    texts = {key: tuple(range(start, start + 50)) for key, start in (("a", 100), ("b", 200), ("c", 300))}
    with running(tiny[1], sequence_tokens=256, kv_limit_bytes=2 * kv_bytes(tiny, 256)) as runner:

        def reused(key: str) -> int:
            usage = written(runner, key=key, ids=texts[key], max_new_tokens=1)[0].usage
            assert usage is not None
            return usage.reused_tokens

        assert [reused(key) for key in "abab"] == [0, 0, 49, 49]
        assert [reused(key) for key in "cb"] == [0, 49]  # the least recently used gave way
        runner.forget("b")
        assert reused("a") == 0
        assert reused("c") == 49


def test_a_warm_prompt_needs_one_token(runner: LlamaCppRunner) -> None:
    ids = tuple(range(400, 480))
    assert list(runner.warm(request(key="warm", ids=ids), Event())) == [Pause(2), Pause(1)]
    usage = written(runner, key="warm", ids=ids, max_new_tokens=1)[0].usage
    assert usage == model.Usage(prompt_tokens=80, reused_tokens=79)


def test_what_is_written_by_the_deadline_is_the_answer(runner: LlamaCppRunner) -> None:
    pieces: list[model.Piece] = []
    started = monotonic()
    for piece in pieces_of(runner, request(max_new_tokens=400, time_limit_s=0.3), Event()):
        pieces.append(piece)
        while len(pieces) == 3 and monotonic() < started + 0.3:
            pass
    assert pieces[-1].end == "time"
    assert len(pieces) < 400
    assert [piece.end for piece in written(runner, time_limit_s=0.0)] == ["time"]


def test_a_cancel_stops_it(runner: LlamaCppRunner) -> None:
    cancel = Event()
    pieces = pieces_of(runner, request(max_new_tokens=400), cancel)
    next(pieces)
    cancel.set()
    with pytest.raises(model.Cancelled):
        list(pieces)
    assert len(ids_of(written(runner, max_new_tokens=4))) == 4


def test_no_connection_is_kept(runner: LlamaCppRunner) -> None:
    """The server closes one that nobody uses for some seconds: a request that is sent just then would be lost."""
    written(runner, max_new_tokens=2)
    port = int(runner._process.address.url.rpartition(":")[2])
    deadline_s = monotonic() + 60
    while any(each.raddr and each.raddr.port == port for each in psutil.Process().net_connections()):
        assert monotonic() < deadline_s
        sleep(0.01)


def test_a_longer_prompt_gets_the_room_it_needs(tiny: tuple[Path, Path], in_process: model.LoadedModel) -> None:
    with running(tiny[1], sequence_tokens=256) as runner:
        tokens, _ = expected(in_process, 4)
        assert ids_of(written(runner, max_new_tokens=4)) == tokens
        long = (*range(100, 1100), *PROMPT)
        assert len(written(runner, ids=long, max_new_tokens=4)) == 5
        assert ids_of(written(runner, max_new_tokens=4)) == tokens
        with pytest.raises(model.PromptTooLong, match="4096"):
            written(runner, ids=(7,) * 4096)


def test_the_end_of_the_context_ends_the_text(tiny: tuple[Path, Path]) -> None:
    with running(tiny[1], sequence_tokens=4096) as runner:
        pieces = written(runner, ids=tuple(100 + n % 3000 for n in range(4090)), max_new_tokens=50)
    assert pieces[-1].end == "length"
    assert len(ids_of(pieces)) <= 6


def kv_bytes(tiny: tuple[Path, Path], tokens: int) -> int:
    return model.inspect(tiny[0]).kv_bytes_per_token * tokens
