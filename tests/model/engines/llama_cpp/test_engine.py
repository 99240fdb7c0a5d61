"""The engine with a model that a child process computes: planned, loaded, lost, loaded again, unloaded."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from time import monotonic, sleep

import pytest
from llama_cpp_runs import ids_of, request, text_of
from seekline import model
from seekline.model.engines.llama_cpp.runner import LlamaCppRunner

SOON_S = 60.0


class Session:
    """An engine that runs one file, and what it reported."""

    def __init__(self, path: Path) -> None:
        self.reports: list[model.Report] = []
        self.engine = model.LocalEngine(self.reports.append)
        self.wanted = model.LocalModel(
            request=model.ModelRequest(model=str(path), engine="llama.cpp", device="cpu", sequence_tokens=512),
            base=path.parent,
            threads=1,
            max_new_tokens=32,
        )
        self.engine.load(self.wanted)

    @property
    def runner(self) -> LlamaCppRunner:
        runner = self.engine._loader.runner
        assert isinstance(runner, LlamaCppRunner)
        return runner

    def write(self, at: Callable[[int], None] = lambda _: None, **wanted: object) -> list[model.Piece]:
        """A completion, asked for as the server asks: with another prompt where the engine is another one by now.
        `at`: is told how many pieces have come."""
        while True:
            version = self.engine.info().result(SOON_S).version
            pieces: list[model.Piece] = []
            try:
                for piece in self.engine.stream(request(version=version, **wanted), Event()):
                    pieces.append(piece)
                    at(len(pieces))
                return pieces
            except model.InfoChanged:
                continue

    def kill(self) -> None:
        os.kill(self.runner.process_id, signal.SIGKILL)

    def kill_at_3(self, count: int) -> None:
        if count == 3:
            self.kill()


@pytest.fixture
def session(tiny: tuple[Path, Path]) -> Iterator[Session]:
    made = Session(tiny[1])
    yield made
    assert made.engine.close(SOON_S)


def eventually(condition: Callable[[], bool]) -> None:
    deadline_s = monotonic() + SOON_S
    while not condition():
        assert monotonic() < deadline_s
        sleep(0.01)


def test_a_file_is_completed_with(session: Session) -> None:
    pieces = session.write()
    assert len(ids_of(pieces)) == 12
    info = session.engine.info().result(SOON_S)
    assert "by llama.cpp" in info.summary
    assert info.limits.takes_ids
    assert info.limits.is_local
    assert text_of(pieces) == text_of(session.write())


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_a_child_that_is_killed_is_one_error_and_starts_again(session: Session) -> None:
    expected = ids_of(session.write(max_new_tokens=300))
    with pytest.raises(model.EngineDied, match=r"was ended by SIGKILL while it ran llama\.gguf"):
        session.write(session.kill_at_3, max_new_tokens=300)
    assert session.engine.status.state == "not loaded"
    assert ids_of(session.write(max_new_tokens=300)) == expected
    assert session.engine.status.state == "ready"
    assert [report.error for report in session.reports if report.error] == []  # who asked was told


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_a_child_that_is_killed_while_nobody_asks_is_no_error(session: Session) -> None:
    expected = ids_of(session.write())
    session.kill()
    eventually(lambda: session.runner.has_ended)
    assert ids_of(session.write()) == expected


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_a_child_that_never_lasts_is_not_started_for_ever(session: Session) -> None:
    for _ in range(3):
        with pytest.raises(model.EngineDied, match="SIGKILL"):
            session.write(session.kill_at_3, max_new_tokens=300)
    for _ in range(2):
        with pytest.raises(model.EngineDied, match="3 times in a row"):
            session.write()
    assert session.engine.status.state == "failed"
    assert len([report for report in session.reports if report.error]) == 1
    session.engine.retry()
    session.engine.load(session.wanted)
    assert len(ids_of(session.write())) == 12


def test_a_file_that_cannot_be_loaded_is_told_once(tiny: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(tiny[1].read_bytes()[:200_000])
    session = Session(path)
    for _ in range(2):
        with pytest.raises(model.BrokenCheckpoint, match=r"bad\.gguf"):
            session.write()
    assert len([report for report in session.reports if report.error]) == 1
    assert session.engine.close(SOON_S)


def test_unloading_ends_the_child(session: Session) -> None:
    session.write()
    runner = session.runner
    session.engine._unload()
    eventually(lambda: runner.has_ended)
    assert len(ids_of(session.write())) == 12


def test_closing_ends_the_child(tiny: tuple[Path, Path]) -> None:
    session = Session(tiny[1])
    session.write()
    runner = session.runner
    assert session.engine.close(SOON_S)
    assert runner.has_ended


def test_documents_are_forgotten_and_prompts_warmed(session: Session) -> None:
    version = session.engine.info().result(SOON_S).version
    session.engine.warm(request(version=version, key="warm"), Event())
    eventually(lambda: session.engine.status.idle)
    usage = session.write(key="warm")[0].usage
    assert usage is not None
    assert usage.reused_tokens == usage.prompt_tokens - 1
    session.engine.forget("warm")
    assert len(ids_of(session.write())) == 12


def test_a_cancelled_stream_lets_the_next_one_begin(session: Session) -> None:
    version = session.engine.info().result(SOON_S).version
    stream = session.engine.stream(request(version=version, max_new_tokens=300), Event())
    next(stream)
    stream.close()
    assert len(ids_of(session.write())) == 12
